//! The crypto provider that TLS runs on.

use std::sync::Once;

/// Makes `ring` the process's rustls provider, unless the program has chosen one already.
pub(super) fn ensure_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // A failure means that another thread was first, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    });
}
