/** Amazon Bedrock, with its bearer tokens. Credentials of AWS are the subject of `providers/bedrock/aws`. */
import { OpenAIError } from '../core/error';
import { checkOrigin, resolveBedrockBearer, resolveBedrockEndpoint, type BedrockBearerOptions, type BedrockEndpointOptions } from '../internal/bedrock';
import { createProvider, type Provider } from '../internal/provider';

export interface BedrockProviderOptions extends BedrockEndpointOptions, BedrockBearerOptions {}

/** For `new OpenAI({ provider: bedrock({ … }) })`. Fails where no address or no token is configured. */
export function bedrock(options: BedrockProviderOptions = {}): Provider {
  const { baseURL } = resolveBedrockEndpoint(options);
  const found = resolveBedrockBearer(options);
  if (!found) {
    throw new OpenAIError(
      'Bedrock bearer authentication requires an `apiKey`, `tokenProvider`, or `AWS_BEARER_TOKEN_BEDROCK`. For AWS credential authentication, import `bedrock` from `threadline/providers/bedrock/aws`.',
    );
  }
  return createProvider({
    configure: () => ({
      name: 'bedrock',
      baseURL,
      prepareRequest: async (request, context) => {
        checkOrigin(baseURL, context.url);
        await found.sign(request, context);
      },
    }),
  });
}
