"""What official classes do beyond one call or one reply, written by hand and mixed into generated classes."""
