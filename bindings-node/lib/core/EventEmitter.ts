/** The official package's path. */
export { EventEmitter, type EmittedEventResult, type EventParameters } from '../lib/EventEmitter.js';
