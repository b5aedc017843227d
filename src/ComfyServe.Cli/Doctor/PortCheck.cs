using System.Net;
using System.Net.Sockets;

namespace ComfyServe.Cli.Doctor;

/// <summary>Whether the ports of the roles are free, or taken by the roles themselves.</summary>
internal static class PortCheck
{
    private static readonly (string Role, int Port, string Probe)[] Roles =
    [
        ("engine", 18188, "/system_stats"),
        ("API service", 18288, "/health"),
        ("worker", 3000, "/ping"),
        ("gateway", 8080, "/health"),
    ];

    public static async Task<IReadOnlyList<Finding>> RunAsync(HttpClient http, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var (role, port, probe) in Roles)
        {
            findings.Add(await OneAsync(http, role, port, probe, cancellationToken));
        }

        return findings;
    }

    internal static async Task<Finding> OneAsync(HttpClient http, string role, int port, string probe, CancellationToken cancellationToken)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Any, port) { ExclusiveAddressUse = true };
            listener.Start();
            return new("ports", FindingLevel.Ok, $"{port} ({role}) is free");
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AccessDenied)
        {
            return new("ports", FindingLevel.Problem, $"{port} ({role}) may not be used by this user", "choose a port above 1023 with '--port'");
        }
        catch (SocketException)
        {
            var answers = await AnswersAsync(http, new Uri($"http://127.0.0.1:{port}{probe}"), cancellationToken);
            return answers
                ? new("ports", FindingLevel.Ok, $"{port}: the {role} runs already")
                : new("ports", FindingLevel.Warning, $"{port} ({role}) is taken by another program", $"'ss -ltnp sport = :{port}' shows which; stop it, or choose another port with '--port'");
        }
    }

    private static async Task<bool> AnswersAsync(HttpClient http, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(url, cancellationToken);
            return response.StatusCode != HttpStatusCode.NotFound;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
