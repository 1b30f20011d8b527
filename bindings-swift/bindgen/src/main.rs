//! `threadline-bindgen generate --library LIB --language kotlin --out-dir DIR`: UniFFI's generator at the version of the library.
//! A package of its own, so that the workspace does not compile the generator with every build.

fn main() {
    uniffi::uniffi_bindgen_main();
}
