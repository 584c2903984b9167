using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Mayfly.Footprint;

/// <summary>
/// HTTP/1.1 server on a free loopback port with one blocking thread per connection: no thread pool between the arrival of a request and its time stamp.
/// The answer is a complete response; a null answer closes the connection. With a certificate it speaks TLS.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<HttpMessage, byte[]?> _answer;
    private readonly SslStreamCertificateContext? _certificate;

    public LoopbackServer(Func<HttpMessage, byte[]?> answer, SslStreamCertificateContext? certificate = null)
    {
        _answer = answer;
        _certificate = certificate;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(128);
        Background(Accept);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    private static void Background(Action work) => new Thread(() => work()) { IsBackground = true }.Start();

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                socket.NoDelay = true;
                Background(() => Serve(socket));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The listener was disposed.
        }
    }

    private void Serve(Socket socket)
    {
        using (socket)
        {
            try
            {
                using Stream stream = StreamOf(socket);
                var reader = new SocketReader(stream);
                while (HttpMessage.Read(reader) is { } request && _answer(request) is { } answer)
                {
                    stream.Write(answer);
                }
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or AuthenticationException)
            {
                // The peer was killed: every run of a program under test ends so.
            }
        }
    }

    private Stream StreamOf(Socket socket)
    {
        var plain = new NetworkStream(socket);
        if (_certificate is null)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        secure.AuthenticateAsServer(new SslServerAuthenticationOptions { ServerCertificateContext = _certificate });
        return secure;
    }
}
