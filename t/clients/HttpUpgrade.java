// SPDX-License-Identifier: Apache-2.0
// For scenarios: one request by java.net.http.HttpClient, which asks an HTTP server to continue
// with HTTP/2 (Upgrade: h2c) with its first request. It supports only Basic, so the value of
// Authorization is the second argument. Prints the status, the version, and X-Sspi-User.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class HttpUpgrade {
    public static void main(String[] args) throws Exception {
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(args[0]));
        if (args.length > 1)
            request.header("Authorization", args[1]);
        HttpResponse<String> answer =
            client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.version() + " "
            + answer.headers().firstValue("X-Sspi-User").orElse(""));
    }
}
