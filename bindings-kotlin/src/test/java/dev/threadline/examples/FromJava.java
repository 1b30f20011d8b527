package dev.threadline.examples;

import dev.threadline.Client;
import dev.threadline.ClientSettings;
import dev.threadline.ConnectOptions;
import dev.threadline.Connections;
import dev.threadline.Deliveries;
import dev.threadline.Futures;
import dev.threadline.Pace;
import dev.threadline.ReconnectPolicy;
import dev.threadline.RequestOptions;
import dev.threadline.Sockets;
import dev.threadline.ToolRunOptions;
import dev.threadline.Tools;
import dev.threadline.WebhookSignatureException;
import dev.threadline.types.Batch;
import dev.threadline.types.ChatCompletionCreateParams;
import dev.threadline.types.ChatCompletionUserMessageContent;
import dev.threadline.types.ChatCompletionUserMessageParam;
import dev.threadline.types.ChatModel;
import dev.threadline.types.RunCreateParams;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
            more(client);
        }
    }

    /** Pages, deliveries, connections and tools, with Java's times. */
    private static void more(Client client) {
        client.getFiles().list().pages().forEachAsync(page -> System.out.println(page.getData().size())).join();
        try {
            Deliveries.verifySignature(client.getWebhooks(), new byte[] {'{', '}'}, Map.of(), "whsec_c2VjcmV0", Duration.ofMinutes(5));
            throw new AssertionError("a delivery without a signature was taken");
        } catch (WebhookSignatureException failed) {
            System.out.println(failed.getMessage());
        }
        try (var pool = Connections.pool(client.getResponses(), 2, Duration.ofSeconds(5), null, null)) {
            System.out.println(pool.getIdle());
        }
        var reconnect = ReconnectPolicy.of(2, Duration.ofMillis(10));
        var how = ConnectOptions.builder().reconnect(reconnect).closeTimeout(Duration.ofSeconds(1)).baseUrl("ws://127.0.0.1:9/v1")
                .request(RequestOptions.builder().apiKey("test").build()).build();
        try {
            Sockets.connectAsync(client.getRealtime(), "m", how).join();
            throw new AssertionError("nobody listens there");
        } catch (CompletionException failed) {
            System.out.println(failed.getCause().getMessage());
        }
        var tools = ToolRunOptions.builder().maxSteps(3).pollInterval(Duration.ofMillis(10)).build();
        var run = RunCreateParams.builder().assistantId("asst_1").build();
        var outcome = Tools.runToolsAsync(client.getBeta().getThreads().getRuns(), "thread_1", run, List.of(), tools).handle((done, failed) -> failed == null);
        System.out.println(outcome.join());
    }
}
