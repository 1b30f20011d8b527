/** Listeners by the names of their events. */

type Listener<Events, Name extends keyof Events> = Events[Name];

/** What listeners of an event get. */
export type EventParameters<Events, Name extends keyof Events> =
  Listener<Events, Name> extends (...args: infer Args) => any ? Args : never;

/** What waiting for an event gives: nothing, its only argument, or all of them. */
export type EmittedEventResult<Args extends unknown[]> =
  [Args] extends [[infer Only]] ? Only
  : [Args] extends [[]] ? void
  : Args;

interface Registered {
  listener: (...args: any[]) => void;
  once: boolean;
}

/** Keeps listeners and calls them. */
export class EventEmitter<EventTypes extends Record<keyof EventTypes, (...args: any[]) => any>> {
  #listeners = new Map<keyof EventTypes, Registered[]>();

  /** Calls `listener` at each event of this name. */
  on<Name extends keyof EventTypes>(event: Name, listener: EventTypes[Name]): this {
    return this.#add(event, listener, false);
  }

  /** Calls it no more. */
  off<Name extends keyof EventTypes>(event: Name, listener: EventTypes[Name]): this {
    const listeners = this.#listeners.get(event) ?? [];
    const at = listeners.findIndex((one) => one.listener === listener);
    // A new list, as the old one may be being walked over.
    if (at >= 0) this.#listeners.set(event, [...listeners.slice(0, at), ...listeners.slice(at + 1)]);
    return this;
  }

  /** Calls `listener` at the next event of this name only. */
  once<Name extends keyof EventTypes>(event: Name, listener: EventTypes[Name]): this {
    return this.#add(event, listener, true);
  }

  #add(event: keyof EventTypes, listener: (...args: any[]) => void, once: boolean): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), { listener, once }]);
    return this;
  }

  /** Calls the listeners; whether there were any. */
  protected _call(event: keyof EventTypes, args: unknown[]): boolean {
    const listeners = this.#listeners.get(event);
    if (!listeners?.length) return false;
    if (listeners.some((one) => one.once)) {
      this.#listeners.set(event, listeners.filter((one) => !one.once));
    }
    for (const { listener } of listeners) listener(...args);
    return true;
  }

  protected _hasListener(event: keyof EventTypes): boolean {
    return (this.#listeners.get(event)?.length ?? 0) > 0;
  }
}
