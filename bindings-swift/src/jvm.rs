//! The way of the Java virtual machine for what programs do all the time: calls, and batches of events. UniFFI's way passes each text and
//! each outcome through structures that JNA copies field by field, which costs more than the call itself; by JNI an array of bytes
//! crosses each way. All else goes UniFFI's way.
//!
//! A function here begins a piece of work under a number of the host's and returns at once. When the work is done, `Bridge.done` is told
//! the number and the outcome, in UniFFI's own notation, from a thread of the runtime.
#![allow(unsafe_code, reason = "JNI is a table of C functions; each use says why it holds")]
#![allow(clippy::missing_safety_doc, reason = "only the virtual machine calls these functions")]

use std::collections::HashMap;
use std::ffi::{CStr, c_void};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt;
use jni_sys::{
    JNI_OK, JNI_VERSION_1_8, JNIEnv, JNINativeMethod, JavaVM, jbyteArray, jclass, jint, jlong, jmethodID, jobjectArray,
    jvalue,
};
use tokio::task::AbortHandle;
use uniffi::Lower;

use crate::client::Client;
use crate::error::CallError;
use crate::reply::Head;
use crate::runtime;
use crate::stream::EventStream;

/// What an outcome is: a value, or an error, or the proper end of a stream, or the last value before that.
const VALUE: jint = 0;
const ERROR: jint = 1;
const END: jint = 2;
const LAST: jint = 3;

/// Where outcomes go.
struct Host {
    vm: *mut JavaVM,
    class: jclass,
    done: jmethodID,
}

// SAFETY: the machine, global references and ids of methods may be used on any thread.
unsafe impl Send for Host {}
// SAFETY: as above; nothing in it changes.
unsafe impl Sync for Host {}

static HOST: OnceLock<Host> = OnceLock::new();

type Table<T> = LazyLock<Mutex<HashMap<jlong, T>>>;

static CLIENTS: Table<Arc<Client>> = LazyLock::new(Mutex::default);
static STREAMS: Table<Arc<EventStream>> = LazyLock::new(Mutex::default);
static WORK: Table<AbortHandle> = LazyLock::new(Mutex::default);

fn locked<T>(table: &Table<T>) -> MutexGuard<'_, HashMap<jlong, T>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[uniffi::export]
impl Client {
    /// Makes the client known by this number, for `Bridge.execute` and its kin, until [`disown`](Self::disown).
    pub fn own(self: Arc<Self>, number: i64) {
        locked(&CLIENTS).insert(number, self);
    }

    /// Forgets the number. Calls that are on their way go on.
    pub fn disown(&self, number: i64) {
        locked(&CLIENTS).remove(&number);
    }
}

/// What came of a piece of work, in bytes.
type Outcome = Result<Done, CallError>;

enum Done {
    Value(Vec<u8>),
    /// The last value of a stream.
    Last(Vec<u8>),
    /// The end of a stream.
    End,
}

fn lowered<T: Lower<crate::UniFfiTag>>(value: T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2048);
    T::write(value, &mut bytes);
    bytes
}

/// Does the work under this number, unless it is cancelled before.
fn begin(number: jlong, work: impl Future<Output = Outcome> + Send + 'static) {
    let runtime = match runtime::get() {
        Ok(runtime) => runtime,
        Err(error) => return tell(number, Err(error)),
    };
    // Held until the handle stands in the table: work that is done takes it out.
    let mut table = locked(&WORK);
    let task = runtime.spawn(async move {
        let outcome = AssertUnwindSafe(work).catch_unwind().await;
        locked(&WORK).remove(&number);
        tell(number, outcome.unwrap_or_else(|_| Err(CallError::usage("the call crashed"))));
    });
    table.insert(number, task.abort_handle());
}

/// Hands an outcome to the host.
fn tell(number: jlong, outcome: Outcome) {
    let (what, bytes) = match outcome {
        Ok(Done::Value(bytes)) => (VALUE, bytes),
        Ok(Done::Last(bytes)) => (LAST, bytes),
        Ok(Done::End) => (END, Vec::new()),
        Err(error) => (ERROR, lowered(error)),
    };
    let Some(host) = HOST.get() else { return };
    let mut env: *mut c_void = std::ptr::null_mut();
    // SAFETY: `vm` came from the machine; a thread of the runtime stays known to it from its first outcome on, as a daemon, so that
    // it keeps nobody from ending.
    unsafe {
        if ((**host.vm).v1_4.GetEnv)(host.vm, &raw mut env, JNI_VERSION_1_8) != JNI_OK
            && ((**host.vm).v1_4.AttachCurrentThreadAsDaemon)(host.vm, &raw mut env, std::ptr::null_mut()) != JNI_OK
        {
            return;
        }
    }
    let env: *mut JNIEnv = env.cast();
    // SAFETY: `env` is this thread's; the class and the method were looked up in `threadline_jvm_start` with this signature. A thread that was attached
    // has no frame that would free the array.
    unsafe {
        let array = new_bytes(env, &bytes);
        let arguments = [jvalue { j: number }, jvalue { i: what }, jvalue { l: array }];
        ((**env).v1_1.CallStaticVoidMethodA)(env, host.class, host.done, arguments.as_ptr());
        if ((**env).v1_2.ExceptionCheck)(env) {
            ((**env).v1_1.ExceptionDescribe)(env);
            ((**env).v1_1.ExceptionClear)(env);
        }
        ((**env).v1_1.DeleteLocalRef)(env, array);
    }
}

/// An array of the machine's; null, with an exception pending, where it has no memory for it.
unsafe fn new_bytes(env: *mut JNIEnv, bytes: &[u8]) -> jbyteArray {
    let length = jint::try_from(bytes.len()).unwrap_or(jint::MAX);
    // SAFETY: the caller's `env` is this thread's, and the region is as long as the array.
    unsafe {
        let array = ((**env).v1_1.NewByteArray)(env, length);
        if array.is_null() {
            ((**env).v1_1.ExceptionClear)(env);
        } else {
            ((**env).v1_1.SetByteArrayRegion)(env, array, 0, length, bytes.as_ptr().cast());
        }
        array
    }
}

unsafe fn bytes(env: *mut JNIEnv, array: jbyteArray) -> Vec<u8> {
    // SAFETY: the caller's `env` is this thread's and `array` one of bytes; the vector has room for all of it.
    unsafe {
        let length = ((**env).v1_1.GetArrayLength)(env, array);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        ((**env).v1_1.GetByteArrayRegion)(env, array, 0, length, bytes.as_mut_ptr().cast());
        bytes
    }
}

unsafe fn text(env: *mut JNIEnv, array: jbyteArray) -> String {
    // SAFETY: as the caller's.
    String::from_utf8_lossy(&unsafe { bytes(env, array) }).into_owned()
}

unsafe fn texts(env: *mut JNIEnv, list: jobjectArray) -> Vec<String> {
    // SAFETY: the caller's `list` is one of arrays of bytes.
    unsafe {
        let length = ((**env).v1_1.GetArrayLength)(env, list);
        (0..length).map(|index| text(env, ((**env).v1_1.GetObjectArrayElement)(env, list, index))).collect()
    }
}

/// What `Bridge` declares, and the functions below.
const METHODS: &[(&CStr, &CStr, *const c_void)] = &[
    (c"execute", c"(JJ[B[[B[B[B)V", execute as *const c_void),
    (c"stream", c"(JJ[B[[B[B[B)V", stream as *const c_void),
    (c"next", c"(JJ)V", next as *const c_void),
    (c"shut", c"(J)V", shut as *const c_void),
    (c"cancel", c"(J)V", cancel as *const c_void),
];

/// What [`threadline_jvm_start`] says to the class of a second class loader.
const SECOND_CLASS: jint = -1000;

/// Ties the class `Bridge` to this library; 0 if that worked. JNA calls it, which knows the library by no name that the machine could load.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn threadline_jvm_start(env: *mut JNIEnv, class: jclass) -> jint {
    let methods: Vec<JNINativeMethod> = METHODS
        .iter()
        .map(|(name, signature, function)| JNINativeMethod {
            name: name.as_ptr().cast_mut(),
            signature: signature.as_ptr().cast_mut(),
            fnPtr: function.cast_mut(),
        })
        .collect();
    let mut vm = std::ptr::null_mut();
    // SAFETY: the machine gave `env` and `class`; the names end with a zero; the functions have the parameters that their signatures say.
    unsafe {
        ((**env).v1_1.GetJavaVM)(env, &raw mut vm);
        let done = ((**env).v1_1.GetStaticMethodID)(env, class, c"done".as_ptr(), c"(JI[B)V".as_ptr());
        if done.is_null() {
            return -1;
        }
        let host = HOST.get_or_init(|| Host { vm, class: ((**env).v1_1.NewGlobalRef)(env, class), done });
        // Outcomes go to one class. A second class loader's calls would wait for ever, or be given those of the first.
        if !((**env).v1_1.IsSameObject)(env, host.class, class) {
            return SECOND_CLASS;
        }
        let count = jint::try_from(methods.len()).unwrap_or(0);
        ((**env).v1_1.RegisterNatives)(env, class, methods.as_ptr(), count)
    }
}

/// Arguments of a call.
type Call = (Option<Arc<Client>>, String, Vec<String>, Vec<u8>, String);

unsafe fn call(
    env: *mut JNIEnv,
    client: jlong,
    operation: jbyteArray,
    path: jobjectArray,
    fields: jbyteArray,
    options: jbyteArray,
) -> Call {
    let client = locked(&CLIENTS).get(&client).map(Arc::clone);
    // SAFETY: the machine gave these, by the signatures in `Bridge`.
    unsafe { (client, text(env, operation), texts(env, path), bytes(env, fields), text(env, options)) }
}

fn closed() -> CallError {
    CallError::usage("the client is closed")
}

/// `Bridge.execute(…)`: a call whose reply is read to its end; a `Reply`.
unsafe extern "system" fn execute(
    env: *mut JNIEnv,
    _: jclass,
    number: jlong,
    client: jlong,
    operation: jbyteArray,
    path: jobjectArray,
    fields: jbyteArray,
    options: jbyteArray,
) {
    // SAFETY: as in `call`.
    let (client, operation, path, fields, options) = unsafe { call(env, client, operation, path, fields, options) };
    begin(number, async move {
        let client = client.ok_or_else(closed)?;
        Ok(Done::Value(lowered(client.execute_here(operation, path, fields, Vec::new(), options).await?)))
    });
}

/// `Bridge.stream(…)`: a call whose reply is a stream; its `Head`, and the number by which `next` knows it.
unsafe extern "system" fn stream(
    env: *mut JNIEnv,
    _: jclass,
    number: jlong,
    client: jlong,
    operation: jbyteArray,
    path: jobjectArray,
    fields: jbyteArray,
    options: jbyteArray,
) {
    // SAFETY: as in `call`.
    let (client, operation, path, fields, options) = unsafe { call(env, client, operation, path, fields, options) };
    begin(number, async move {
        let client = client.ok_or_else(closed)?;
        let stream = client.stream_here(operation, path, fields, Vec::new(), options).await?;
        let head = lowered::<Head>(stream.head());
        // The stream is known by the number of the call that opened it.
        locked(&STREAMS).insert(number, stream);
        Ok(Done::Value(head))
    });
}

/// `Bridge.next(number, stream)`: the next batch of events as a JSON list.
unsafe extern "system" fn next(_: *mut JNIEnv, _: jclass, number: jlong, stream: jlong) {
    let stream = locked(&STREAMS).get(&stream).map(Arc::clone);
    begin(number, async move {
        let Some(stream) = stream else { return Ok(Done::End) };
        Ok(match stream.next_here().await? {
            Some((events, false)) => Done::Value(events),
            Some((events, true)) => Done::Last(events),
            None => Done::End,
        })
    });
}

/// `Bridge.shut(stream)`: closes the connection.
unsafe extern "system" fn shut(_: *mut JNIEnv, _: jclass, stream: jlong) {
    let stream = locked(&STREAMS).remove(&stream);
    if let Some(stream) = stream {
        stream.shut();
    }
}

/// `Bridge.cancel(number)`: ends work, and closes its connection.
unsafe extern "system" fn cancel(_: *mut JNIEnv, _: jclass, number: jlong) {
    let work = locked(&WORK).remove(&number);
    if let Some(work) = work {
        work.abort();
    }
}
