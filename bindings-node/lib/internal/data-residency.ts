/** Regional endpoints of the provider. */
import { OpenAIError } from '../core/error';

export type DataResidency = 'us' | 'eu' | (string & {});

const REGIONS = ['global', 'us', 'eu', 'ae', 'au', 'in', 'jp'];

export { residence as resolveDataResidency };

/** Refuses a region where there is none to choose. */
export function assertNoDataResidency(dataResidency: DataResidency | null | undefined, clientName: string): void {
  if (dataResidency !== null && dataResidency !== undefined) throw new OpenAIError(`${clientName} does not support \`dataResidency\`.`);
}

/** The base URL of the region that was asked for; `undefined`: none was. */
export function residence(options: { dataResidency?: DataResidency | null | undefined; baseURL?: unknown }): string | undefined {
  const { dataResidency: region } = options;
  if (region === null || region === undefined) return undefined;
  if (Object.hasOwn(options, 'baseURL')) throw new OpenAIError('The `dataResidency` and `baseURL` options are mutually exclusive.');
  if (!REGIONS.includes(region)) throw new OpenAIError(`Invalid \`dataResidency\`; expected one of: ${REGIONS.join(', ')}.`);
  return region === 'global' ? 'https://api.openai.com/v1' : `https://${region}.api.openai.com/v1`;
}
