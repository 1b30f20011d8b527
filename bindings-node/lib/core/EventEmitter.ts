/** The official package's path. */
import { EventEmitter, type EventParameters } from '../lib/EventEmitter.js';

export { EventEmitter, type EmittedEventResult, type EventParameters } from '../lib/EventEmitter.js';

/** An emitter whose owner may tell of events, beside one that is shown to others. */
export class InternalEventEmitter<EventTypes extends Record<string, (...args: any) => any>> extends EventEmitter<EventTypes> {
  override _emit<Event extends keyof EventTypes>(event: Event, ...args: EventParameters<EventTypes, Event>): void {
    super._emit(event, ...args);
  }
}
