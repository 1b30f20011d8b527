/** Errors of whatever is thrown. */
export { castToError, isAbortError } from '../core/error';
