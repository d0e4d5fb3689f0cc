// SPDX-License-Identifier: Apache-2.0
// For scenarios: Digest, NTLM and Negotiate by HttpURLConnection, which verifies rspauth when it is
// started with -Dhttp.auth.digest.validateServer=true, and uses the ticket of its environment with
// -Djavax.security.auth.useSubjectCredsOnly=false. SSPI::Test::Clients describes input and output.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.Authenticator;
import java.net.HttpURLConnection;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class UrlConnection {
    private static final PrintStream out =
        new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private static String header(HttpURLConnection connection, String name) {
        String value = connection.getHeaderField(name);
        return value == null ? "" : value;
    }

    private static String firstLine(InputStream stream) throws IOException {
        if (stream == null)
            return "";
        // Java detects an absent Authentication-Info only when the stream is closed.
        try (stream) {
            String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            return text.lines().findFirst().orElse("");
        }
    }

    // Java keeps credentials for each Authenticator, so a new one begins a new session.
    private static Authenticator session(String user, String password) {
        return new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                return user.isEmpty() ? null
                                      : new PasswordAuthentication(user, password.toCharArray());
            }
        };
    }

    private static void ask(String method, URL url, Authenticator session, String body)
        throws IOException {
        HttpURLConnection connection = (HttpURLConnection) url.openConnection(Proxy.NO_PROXY);
        connection.setRequestMethod(method);
        connection.setAuthenticator(session);
        connection.setReadTimeout(30000);
        try {
            if (!body.isEmpty()) {
                connection.setDoOutput(true);
                connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
            }
            int status = connection.getResponseCode();
            String text = firstLine(
                status < 400 ? connection.getInputStream() : connection.getErrorStream());
            out.println(String.join("\t", Integer.toString(status),
                header(connection, "X-Sspi-User"), header(connection, "X-Sspi-Mechanism"), text,
                "", header(connection, "Authentication-Info")));
        } catch (IOException e) {
            out.println("0\t\t\t" + e.getMessage() + "\t\t");
        }
    }

    private static void trust(String file) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = new FileInputStream(file)) {
            for (Certificate trusted :
                 CertificateFactory.getInstance("X.509").generateCertificates(in))
                store.setCertificateEntry("server " + store.size(), trusted);
        }
        TrustManagerFactory factory =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory());
    }

    public static void main(String[] args) throws IOException, GeneralSecurityException {
        // The first is MIT's syntax of the name, the second is Java's.
        String realm = System.getenv("KRB5_CONFIG");
        if (realm != null)
            System.setProperty("java.security.krb5.conf", realm);
        String trusted = System.getenv("SSPI_TEST_CA");
        if (trusted != null)
            trust(trusted);
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] fields = line.split("\t", -1);
            Authenticator session = session(fields[2], fields[3]);
            for (int n = Integer.parseInt(fields[4]); n > 0; n--)
                for (String url : fields[1].split(" "))
                    ask(fields[0], new URL(url), session, fields[5]);
            out.println("end");
        }
    }
}
