//! Large files, uploaded in parts side by side.
//!
//! ```no_run
//! # async fn run(client: threadline::Client) -> Result<(), threadline::Error> {
//! use threadline::FileInput;
//!
//! let file = FileInput::from_path("training.jsonl");
//! let upload = client.uploads().upload_file_chunked(file, "application/jsonl", "fine-tune").await?;
//! println!("{:?}", upload.file);
//! # Ok(()) }
//! ```
//!
//! [`ChunkedUpload`] has the options. [`Parts`] is the plan behind it, for surfaces that drive it themselves.

mod chunked;
mod parts;
mod run;
mod source;

pub use self::chunked::ChunkedUpload;
pub use self::parts::{DEFAULT_PART_SIZE, Part, Parts, UploadProgress};
