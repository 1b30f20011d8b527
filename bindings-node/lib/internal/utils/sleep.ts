/** Waiting. */

/** Waits for so many milliseconds; rejects at once, with nothing, when one of the signals is aborted. */
export const sleep = (ms: number, ...signals: Array<AbortSignal | null | undefined>): Promise<void> =>
  new Promise((resolve, reject) => {
    const forget = (): void => signals.forEach((signal) => signal?.removeEventListener('abort', stop));
    const stop = (): void => {
      clearTimeout(timer);
      forget();
      reject();
    };
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
    if (signals.some((signal) => signal?.aborted)) stop();
    else signals.forEach((signal) => signal?.addEventListener('abort', stop, { once: true }));
  });
