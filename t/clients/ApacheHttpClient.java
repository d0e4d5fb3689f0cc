// SPDX-License-Identifier: Apache-2.0
// For scenarios: Digest by Apache HttpClient, which supports auth-int with a body.
// SSPI::Test::Clients describes input and output.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.Security;
import org.apache.http.Header;
import org.apache.http.HttpMessage;
import org.apache.http.auth.AuthScope;
import org.apache.http.auth.UsernamePasswordCredentials;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.RequestBuilder;
import org.apache.http.client.protocol.HttpClientContext;
import org.apache.http.entity.ByteArrayEntity;
import org.apache.http.impl.client.BasicCredentialsProvider;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.util.EntityUtils;

public class ApacheHttpClient {
    private static final PrintStream out =
        new PrintStream(System.out, true, StandardCharsets.UTF_8);

    // HttpClient gets the hash from Java by the name in the challenge. Java has one of them under
    // another name.
    private static class HttpNames extends Provider {
        HttpNames() {
            super("HttpNames", "1", "names of RFC 7616");
            put("MessageDigest.SHA-512-256", "sun.security.provider.SHA5$SHA512_256");
        }
    }

    // HttpClient decodes header values as Latin-1.
    private static String header(HttpMessage message, String name) {
        Header header = message.getFirstHeader(name);
        if (header == null)
            return "";
        byte[] octets = header.getValue().getBytes(StandardCharsets.ISO_8859_1);
        return new String(octets, StandardCharsets.UTF_8);
    }

    private static void ask(CloseableHttpClient client, HttpClientContext context, String method,
                            String url, String body) {
        RequestBuilder request = RequestBuilder.create(method).setUri(url);
        if (!body.isEmpty())
            request.setEntity(new ByteArrayEntity(body.getBytes(StandardCharsets.UTF_8)));
        try (CloseableHttpResponse answer = client.execute(request.build(), context)) {
            String text = EntityUtils.toString(answer.getEntity(), StandardCharsets.UTF_8);
            out.println(String.join("\t",
                Integer.toString(answer.getStatusLine().getStatusCode()),
                header(answer, "X-Sspi-User"), header(answer, "X-Sspi-Mechanism"),
                text.lines().findFirst().orElse(""),
                header(context.getRequest(), "Authorization"),
                header(answer, "Authentication-Info")));
        } catch (IOException e) {
            out.println("0\t\t\t" + e.getMessage() + "\t\t");
        }
    }

    private static void converse(String[] fields) throws IOException {
        BasicCredentialsProvider login = new BasicCredentialsProvider();
        login.setCredentials(AuthScope.ANY,
            new UsernamePasswordCredentials(fields[2], fields[3]));
        HttpClientContext context = HttpClientContext.create();
        context.setCredentialsProvider(login);
        try (CloseableHttpClient client = HttpClients.createDefault()) {
            for (int n = Integer.parseInt(fields[4]); n > 0; n--)
                for (String url : fields[1].split(" "))
                    ask(client, context, fields[0], url, fields[5]);
        }
        out.println("end");
    }

    public static void main(String[] args) throws IOException {
        Security.addProvider(new HttpNames());
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine())
            converse(line.split("\t", -1));
    }
}
