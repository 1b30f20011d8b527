/** Listeners by the names of their events. */

/** What listeners of an event get. */
export type EventParameters<Events, Name extends keyof Events> =
  Events[Name] extends (...args: infer Args) => any ? Args : never;

/** What waiting for an event gives: nothing, its only argument, or all of them. */
export type EmittedEventResult<Args extends unknown[]> =
  [Args] extends [[infer Only]] ? Only
  : [Args] extends [[]] ? void
  : Args;

type Listener = (...args: any[]) => void;

/** Keeps listeners and calls them. */
export class Listeners {
  #lists = new Map<PropertyKey, { listener: Listener; once: boolean }[]>();

  add(event: PropertyKey, listener: Listener, once = false): void {
    // A new list each time, as the old one may be being walked over.
    this.#lists.set(event, [...(this.#lists.get(event) ?? []), { listener, once }]);
  }

  remove(event: PropertyKey, listener: Listener): void {
    const list = this.#lists.get(event) ?? [];
    const at = list.findIndex((one) => one.listener === listener);
    if (at >= 0) this.#lists.set(event, [...list.slice(0, at), ...list.slice(at + 1)]);
  }

  /** Calls all; whether there were any. */
  call(event: PropertyKey, args: unknown[]): boolean {
    const list = this.#lists.get(event);
    if (!list?.length) return false;
    if (list.some((one) => one.once)) this.#lists.set(event, list.filter((one) => !one.once));
    for (const { listener } of list) listener(...args);
    return true;
  }

  has(event: PropertyKey): boolean {
    return (this.#lists.get(event)?.length ?? 0) > 0;
  }
}

/** Tells of events. */
export class EventEmitter<EventTypes extends Record<string, (...args: any) => any>> {
  #listeners = new Listeners();

  /** Calls `listener` at each event of this name. */
  on<Event extends keyof EventTypes>(event: Event, listener: EventTypes[Event]): this {
    this.#listeners.add(event, listener);
    return this;
  }

  /** Calls it no more. */
  off<Event extends keyof EventTypes>(event: Event, listener: EventTypes[Event]): this {
    this.#listeners.remove(event, listener);
    return this;
  }

  /** Calls `listener` at the next event of this name only. */
  once<Event extends keyof EventTypes>(event: Event, listener: EventTypes[Event]): this {
    this.#listeners.add(event, listener, true);
    return this;
  }

  /** The next event of this name; fails where an error comes first. */
  emitted<Event extends keyof EventTypes>(
    event: Event,
  ): Promise<EmittedEventResult<EventParameters<EventTypes, Event>>> {
    return new Promise((resolve, reject) => {
      const came: Listener = (...args) => {
        this.#listeners.remove('error', failed);
        resolve((args.length > 1 ? args : args[0]) as never);
      };
      const failed: Listener = (error) => {
        this.#listeners.remove(event, came);
        reject(error);
      };
      this.#listeners.add(event, came, true);
      if (event !== 'error') this.#listeners.add('error', failed, true);
    });
  }

  protected _emit<Event extends keyof EventTypes>(event: Event, ...args: EventParameters<EventTypes, Event>): void {
    this.#listeners.call(event, args);
  }

  protected _hasListener(event: keyof EventTypes): boolean {
    return this.#listeners.has(event);
  }
}
