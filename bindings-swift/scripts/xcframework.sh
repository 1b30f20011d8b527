#!/usr/bin/env bash
# Builds the native library for Apple's systems and packs it as bindings-swift/ThreadlineFFIC.xcframework, which the root Package.swift takes.
# Needs a Mac with Xcode and rustup. Run it from anywhere.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=target/xcframework
headers=$folder/headers
rm -rf "$folder" bindings-swift/ThreadlineFFIC.xcframework
mkdir -p "$headers"
cp bindings-swift/Sources/ThreadlineFFIC/ThreadlineFFIC.h bindings-swift/Sources/ThreadlineFFIC/module.modulemap "$headers"

build() {
    rustup target add "$1"
    cargo rustc --release --package threadline-ffi --target "$1" --crate-type staticlib
}

# One slice a platform; of two architectures where the platform has two.
joined() {
    local name=$1
    shift
    local parts=()
    for target in "$@"; do
        build "$target"
        parts+=("target/$target/release/libthreadline_ffi.a")
    done
    mkdir -p "$folder/$name"
    lipo -create "${parts[@]}" -output "$folder/$name/libthreadline_ffi.a"
}

joined macos aarch64-apple-darwin x86_64-apple-darwin
joined ios aarch64-apple-ios
joined ios-simulator aarch64-apple-ios-sim x86_64-apple-ios

xcodebuild -create-xcframework \
    -library "$folder/macos/libthreadline_ffi.a" -headers "$headers" \
    -library "$folder/ios/libthreadline_ffi.a" -headers "$headers" \
    -library "$folder/ios-simulator/libthreadline_ffi.a" -headers "$headers" \
    -output bindings-swift/ThreadlineFFIC.xcframework
