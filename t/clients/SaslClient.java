// SPDX-License-Identifier: Apache-2.0
// Java's SASL against conf-examples/sspi/sasl_server.c. Each line of input is a case of key=value
// words: port, mechanism, qop, and optionally user, password, realm, authzid, cipher, maxbuf,
// length (of the longer message), how (to send the messages: alter, cut, repeat, swap). Prints a line for
// each case: the negotiated qop and that both messages came back, or the exception.

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.PasswordCallback;
import javax.security.sasl.RealmCallback;
import javax.security.sasl.RealmChoiceCallback;
import javax.security.sasl.Sasl;
import javax.security.sasl.SaslException;

public class SaslClient {
    private final Map<String, String> wanted;
    private final BufferedReader in;
    private final OutputStream out;

    private SaslClient(Socket socket, Map<String, String> wanted) throws IOException {
        this.wanted = wanted;
        in = new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        out = socket.getOutputStream();
    }

    private byte[] receive() throws IOException {
        String line = in.readLine();
        if (line == null)
            throw new IOException("closed");
        return Base64.getDecoder().decode(line.substring(3));
    }

    private void send(byte[] octets) throws IOException {
        String line = "C: " + Base64.getEncoder().encodeToString(octets) + "\n";
        out.write(line.getBytes(StandardCharsets.US_ASCII));
    }

    // Callbacks that answer from the case.
    private void answer(Callback[] questions) {
        for (Callback question : questions) {
            if (question instanceof NameCallback)
                ((NameCallback)question).setName(wanted.get("user"));
            else if (question instanceof PasswordCallback)
                ((PasswordCallback)question).setPassword(wanted.get("password").toCharArray());
            else if (question instanceof RealmChoiceCallback)
                ((RealmChoiceCallback)question).setSelectedIndex(0);
            else if (question instanceof RealmCallback) {
                RealmCallback realm = (RealmCallback)question;
                realm.setText(wanted.getOrDefault("realm", realm.getDefaultText()));
            }
        }
    }

    private void login(javax.security.sasl.SaslClient client) throws IOException {
        ByteArrayOutputStream first = new ByteArrayOutputStream();
        first.write(client.getMechanismName().getBytes(StandardCharsets.US_ASCII));
        if (client.hasInitialResponse()) {
            first.write(0);
            first.write(client.evaluateChallenge(new byte[0]));
        }
        receive();
        send(first.toByteArray());
        while (!client.isComplete()) {
            byte[] response = client.evaluateChallenge(receive());
            send(response == null ? new byte[0] : response);
        }
    }

    private static boolean hasLayer(javax.security.sasl.SaslClient client) {
        return !"auth".equals(client.getNegotiatedProperty(Sasl.QOP));
    }

    private byte[] hear(javax.security.sasl.SaslClient client) throws IOException {
        byte[] octets = receive();
        if (!hasLayer(client))
            return octets;
        if (ByteBuffer.wrap(octets).getInt() != octets.length - 4)
            throw new SaslException("length");
        return client.unwrap(octets, 4, octets.length - 4);
    }

    // Returns a message in the form in which it is sent.
    private static byte[] sealed(javax.security.sasl.SaslClient client, byte[] text)
        throws IOException {
        if (!hasLayer(client))
            return text;
        byte[] sealed = client.wrap(text, 0, text.length);
        return ByteBuffer.allocate(4 + sealed.length).putInt(sealed.length).put(sealed).array();
    }

    // Reads the message back, in one or several parts.
    private boolean hears(javax.security.sasl.SaslClient client, byte[] text) throws IOException {
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        while (heard.size() < text.length)
            heard.write(hear(client));
        return Arrays.equals(heard.toByteArray(), text);
    }

    private String talk(javax.security.sasl.SaslClient client) throws IOException {
        byte[] hello = "hello, server".getBytes(StandardCharsets.US_ASCII);
        byte[] longer = new byte[Integer.parseInt(wanted.getOrDefault("length", "1"))];
        Arrays.fill(longer, (byte)'x');
        byte[] first = sealed(client, hello), second = sealed(client, longer);
        switch (wanted.getOrDefault("how", "")) {
        case "alter":
            first[first.length / 2] ^= 1;
            break;
        case "cut":
            first = Arrays.copyOf(first, first.length - 1);
            ByteBuffer.wrap(first).putInt(first.length - 4);
            break;
        case "swap":
            first = second;
            break;
        case "repeat":
            second = first;
            break;
        }
        send(first);
        if (!hears(client, hello))
            return "another text";
        send(second);
        return hears(client, longer) ? "both ways" : "another long text";
    }

    private String run() throws IOException {
        Map<String, String> properties = new HashMap<>();
        properties.put(Sasl.QOP, wanted.get("qop"));
        if (wanted.containsKey("maxbuf"))
            properties.put(Sasl.MAX_BUFFER, wanted.get("maxbuf"));
        properties.put("com.sun.security.sasl.ntlm.version", "NTLMv2");
        if (wanted.containsKey("cipher"))
            properties.put("com.sun.security.sasl.digest.cipher", wanted.get("cipher"));
        javax.security.sasl.SaslClient client =
            Sasl.createSaslClient(new String[] {wanted.get("mechanism")}, wanted.get("authzid"),
                                  "host", "localhost", properties, this::answer);
        login(client);
        String greeting = new String(hear(client), StandardCharsets.UTF_8);
        if (!greeting.equals("srv message 1\0"))
            return "greeting \"" + greeting + "\"";
        String result = client.getNegotiatedProperty(Sasl.QOP) + ", " + talk(client);
        client.dispose();
        return result;
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader cases =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = cases.readLine()) != null;) {
            Map<String, String> wanted = new HashMap<>();
            for (String word : line.split(" ")) {
                String[] pair = word.split("=", 2);
                wanted.put(pair[0], pair[1]);
            }
            try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(wanted.get("port")))) {
                socket.setSoTimeout(20000);
                System.out.println(new SaslClient(socket, wanted).run());
            } catch (IOException problem) {
                System.out.println(problem.toString().replace('\n', ' '));
            }
            System.out.flush();
        }
    }
}
