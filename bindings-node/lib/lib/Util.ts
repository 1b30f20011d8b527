/** Promises together. */

/** The values of all, once all are settled. Fails when one has failed; `rejections` of the error has the reasons. */
export async function allSettledWithThrow<R>(promises: Promise<R>[]): Promise<R[]> {
  const values: R[] = [];
  const rejections: unknown[] = [];
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'fulfilled') values.push(result.value);
    else rejections.push(result.reason);
  }
  if (rejections.length === 0) return values;
  const error = new Error(`${rejections.length} promise(s) failed`);
  throw Object.defineProperty(error, 'rejections', { value: rejections, configurable: true, writable: true });
}
