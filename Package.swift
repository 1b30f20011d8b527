// swift-tools-version:5.9
import Foundation
import PackageDescription

// On Apple's systems the native library comes in an XCFramework (bindings-swift/scripts/xcframework.sh); elsewhere pkg-config
// finds it: `threadline_ffi.pc` says where it lies.
#if os(macOS)
let native: Target = .binaryTarget(name: "ThreadlineFFIC", path: "bindings-swift/ThreadlineFFIC.xcframework")
#else
let native: Target = .systemLibrary(name: "ThreadlineFFIC", path: "bindings-swift/Sources/ThreadlineFFIC", pkgConfig: "threadline_ffi")
#endif

// Certificates and proxies of Apple's systems: the static library of the XCFramework cannot say itself what it needs.
let frameworks: [LinkerSetting] = ["CoreFoundation", "Security", "SystemConfiguration"]
    .map { .linkedFramework($0, .when(platforms: [.macOS, .iOS])) }

let package = Package(
    name: "threadline",
    platforms: [.macOS(.v12), .iOS(.v15)],
    products: [
        .library(name: "Threadline", targets: ["Threadline"]),
        .executable(name: "threadline-driver", targets: ["ThreadlineDriver"]),
    ],
    targets: [
        native,
        .target(
            name: "ThreadlineFFI", dependencies: ["ThreadlineFFIC"], path: "bindings-swift/Sources/ThreadlineFFI", linkerSettings: frameworks),
        .target(name: "Threadline", dependencies: ["ThreadlineFFI"], path: "bindings-swift/Sources/Threadline"),
        .executableTarget(name: "ThreadlineDriver", dependencies: ["Threadline"], path: "bindings-swift/Tests/Driver"),
        .target(name: "ThreadlineExamples", dependencies: ["Threadline"], path: "bindings-swift/Examples"),
        .testTarget(name: "ThreadlineTests", dependencies: ["Threadline", "ThreadlineExamples"], path: "bindings-swift/Tests/Threadline"),
        .testTarget(name: "ThreadlineTypeTests", dependencies: ["Threadline"], path: "bindings-swift/Tests/Types"),
    ]
)
