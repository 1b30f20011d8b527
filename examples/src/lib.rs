//! What the example programs share: a model's name, a sound, a picture, and the demo's provider.

use threadline::{Client, Error, ErrorKind};
use threadline_model::ModelServer;

/// The model to talk to: `MODEL` of the environment, or a common one.
pub fn model() -> String {
    std::env::var("MODEL").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "gpt-5.5".to_owned())
}

/// One second of a falling tone as a WAV file: 16 kHz, mono, 16 bit.
pub fn sample_sound() -> Vec<u8> {
    const RATE: u32 = 16_000;
    let data = (0..RATE).flat_map(|n| {
        let t = f64::from(n) / f64::from(RATE);
        let wave = (t * (880.0 - 220.0 * t) * std::f64::consts::TAU).sin();
        ((wave * 12_000.0) as i16).to_le_bytes()
    });
    let data: Vec<u8> = data.collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]); // PCM, one channel
    wav.extend(RATE.to_le_bytes());
    wav.extend((RATE * 2).to_le_bytes());
    wav.extend([2, 0, 16, 0]); // bytes a frame, bits a sample
    wav.extend(b"data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    wav
}

/// A red square of 8 × 8 points as a PNG file.
pub fn sample_picture() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], data: &[u8]| {
        png.extend((data.len() as u32).to_be_bytes());
        let body = [name.as_slice(), data].concat();
        png.extend(&body);
        png.extend(crc32(&body).to_be_bytes());
    };
    // 8 × 8, 8 bits a channel, colours as RGB.
    chunk(b"IHDR", &[0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0]);
    let rows: Vec<u8> = (0..8).flat_map(|_| std::iter::once(0).chain([220, 30, 30].repeat(8))).collect();
    let length = rows.len() as u16;
    // A zlib stream of one stored block.
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend(length.to_le_bytes());
    zlib.extend((!length).to_le_bytes());
    zlib.extend(&rows);
    let (a, b) = rows.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    zlib.extend((b << 16 | a).to_be_bytes());
    chunk(b"IDAT", &zlib);
    chunk(b"IEND", &[]);
    png
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// A client, and the model behind it where there is no key for a real provider.
#[derive(Debug)]
pub struct Provider {
    /// The client to call.
    pub client: Client,
    /// The model to name: `MODEL` of the environment, or a common one.
    pub model: String,
    rules: Option<ModelServer>,
}

impl Provider {
    /// The provider that `OPENAI_API_KEY`, `OPENAI_BASE_URL` and `MODEL` name; with neither key nor base URL, a model that
    /// answers by rules, served in this process.
    ///
    /// # Errors
    /// The environment holds something the client cannot use.
    pub async fn from_env() -> Result<Self, Error> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let model = model();
        match (set("OPENAI_API_KEY"), set("OPENAI_BASE_URL")) {
            (None, None) => {
                let broken = |error: std::io::Error| Error::new(ErrorKind::Connection, error.to_string());
                let rules = ModelServer::start().await.map_err(broken)?;
                let client = Client::builder().api_key("any").base_url(rules.base_url()).build()?;
                Ok(Self { client, model, rules: Some(rules) })
            }
            // Local servers want no key, but the header must say something.
            (None, Some(base)) => {
                let client = Client::builder().api_key("none").base_url(base).build()?;
                Ok(Self { client, model, rules: None })
            }
            (Some(_), _) => Ok(Self { client: Client::from_env()?, model, rules: None }),
        }
    }

    /// Whether the answers follow rules.
    pub fn is_rules(&self) -> bool {
        self.rules.is_some()
    }
}
