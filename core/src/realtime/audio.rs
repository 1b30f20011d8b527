//! Audio in events: base64 text on the wire, bytes for the program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, ErrorKind};
use crate::types::{OutputAudioDeltaEvent, RealtimeResponseAudioDeltaEvent, RealtimeTranslationOutputAudioDeltaEvent};

/// Bytes of audio in one event: a little more than a second of 16-bit samples at 24 kHz. A whole number of samples
/// in every format.
pub const AUDIO_FRAME: usize = 48 << 10;

/// The audio in pieces of [`AUDIO_FRAME`] bytes, the last one shorter.
pub fn frames(audio: &[u8]) -> impl Iterator<Item = &[u8]> {
    audio.chunks(AUDIO_FRAME)
}

pub(super) fn encode(audio: &[u8]) -> String {
    STANDARD.encode(audio)
}

fn decode(text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|error| {
        Error::new(ErrorKind::Decode, format!("the audio of the event is not base64: {error}")).with_source(error)
    })
}

/// The bytes of each event that carries audio from the model.
macro_rules! audio {
    ($($event:ident)*) => { $(
        impl $event {
            /// The audio in `delta`, decoded, in the format of the session.
            ///
            /// # Errors
            /// Kind `decode` if it is not base64.
            pub fn audio(&self) -> Result<Vec<u8>, Error> {
                decode(&self.delta)
            }
        }
    )* };
}

audio! { RealtimeResponseAudioDeltaEvent RealtimeTranslationOutputAudioDeltaEvent OutputAudioDeltaEvent }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_audio_is_split_between_samples_and_nothing_is_lost() {
        let audio: Vec<u8> = (0..AUDIO_FRAME * 2 + 10).map(|n| n as u8).collect();
        let lengths: Vec<usize> = frames(&audio).map(<[u8]>::len).collect();
        assert_eq!(lengths, [AUDIO_FRAME, AUDIO_FRAME, 10]);
        assert_eq!(frames(&audio).collect::<Vec<_>>().concat(), audio);
        assert_eq!(frames(&[]).count(), 0);
        assert_eq!(AUDIO_FRAME % 6, 0);
    }

    #[test]
    fn audio_comes_back_as_it_was_sent_and_nonsense_is_refused() {
        let event = |delta: &str| RealtimeResponseAudioDeltaEvent { delta: delta.to_owned(), ..Default::default() };
        assert_eq!(event(&encode(&[0, 1, 254, 255])).audio().unwrap(), [0, 1, 254, 255]);
        let error = event("!canary!").audio().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
