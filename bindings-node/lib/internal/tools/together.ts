/** Calls that begin while a reply still comes, and run beside each other within a limit. */
export class Together<Value> {
  #begun: { id: string; work: Promise<Value> }[] = [];

  constructor(private readonly limit: number) {}

  /** Begins one; where as many are at work then as may be, waits until all of them are done. */
  async begin(id: string, work: () => Promise<Value>, take: (id: string, value: Value) => void | Promise<void>): Promise<void> {
    const one = { id, work: work() };
    // What fails is told when it is taken up.
    one.work.catch(() => undefined);
    this.#begun.push(one);
    if (this.#begun.length >= this.limit) await this.settle(take);
  }

  /** Waits until all are done, and takes what they gave in their order. The first failure is thrown. */
  async settle(take: (id: string, value: Value) => void | Promise<void>): Promise<void> {
    const begun = this.#begun;
    this.#begun = [];
    const results = await Promise.allSettled(begun.map(({ work }) => work));
    const failures: unknown[] = [];
    for (const [at, result] of results.entries()) {
      if (result.status === 'rejected') failures.push(result.reason);
      else await take(begun[at]!.id, result.value);
    }
    if (failures.length > 0) throw failures[0];
  }
}
