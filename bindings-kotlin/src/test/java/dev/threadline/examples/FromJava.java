package dev.threadline.examples;

import dev.threadline.Client;
import dev.threadline.ClientSettings;
import dev.threadline.Futures;
import dev.threadline.Pace;
import dev.threadline.RequestOptions;
import dev.threadline.types.Batch;
import dev.threadline.types.ChatCompletionCreateParams;
import dev.threadline.types.ChatCompletionUserMessageContent;
import dev.threadline.types.ChatCompletionUserMessageParam;
import dev.threadline.types.ChatModel;
import java.time.Duration;
import java.util.concurrent.CompletionException;

/** The package from Java. */
public final class FromJava {
    private FromJava() {}

    /** Asks once, streams once, lists files, and fails once. */
    public static void run(String baseUrl) {
        var settings = new ClientSettings();
        settings.setApiKey("test");
        settings.setBaseUrl(baseUrl);
        settings.setTimeout(Duration.ofSeconds(30));
        try (var client = Client.of(settings)) {
            var message = ChatCompletionUserMessageParam.builder().content(new ChatCompletionUserMessageContent.Text("Hi")).build();
            var params = ChatCompletionCreateParams.builder().model(ChatModel.GPT5_5).messages(message).build();
            var completion = client.getChat().getCompletions().createAsync(params).join();
            System.out.println(completion.getChoices().get(0).getMessage().getContent());

            client.getChat().getCompletions().createStream(params).forEachAsync(chunk -> System.out.print(chunk.getId())).join();
            try (var files = client.getFiles().list().iterate()) {
                for (var file : files) {
                    System.out.println(file.getFilename());
                }
            }

            var options = RequestOptions.builder().timeout(Duration.ofSeconds(20)).maxRetries(1).build();
            var pace = Pace.<Batch>of(Duration.ofMillis(10));
            var batch = Futures.pollAsync(client.getBatches(), "batch_1", pace, options).join();
            System.out.println(batch.getStatus());

            try {
                client.getModels().retrieveAsync("").join();
                throw new AssertionError("a model without a name was found");
            } catch (CompletionException failed) {
                System.out.println(failed.getCause().getMessage());
            }
        }
    }
}
