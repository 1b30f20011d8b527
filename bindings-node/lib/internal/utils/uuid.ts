/** A random identifier. */
export const uuid4 = (): string => crypto.randomUUID();
