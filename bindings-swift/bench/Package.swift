// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "bench",
    platforms: [.macOS(.v12)],
    dependencies: [.package(name: "threadline", path: "../..")],
    targets: [.executableTarget(name: "Bench", dependencies: [.product(name: "Threadline", package: "threadline")])]
)
