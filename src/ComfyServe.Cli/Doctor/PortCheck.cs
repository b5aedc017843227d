using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ComfyServe.Hosting;

namespace ComfyServe.Cli.Doctor;

/// <summary>Whether the ports of the roles are free, or taken by the roles themselves.</summary>
internal static class PortCheck
{
    private static readonly (string Role, int Port, string Probe)[] Roles =
    [
        ("engine", 18188, "/system_stats"),
        ("API service", 18288, "/health"),
        ("gateway", 8080, "/health"),
    ];

    public static async Task<IReadOnlyList<Finding>> RunAsync(HttpClient http, Func<string, string?> environment, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var (role, port, probe) in Roles)
        {
            findings.Add(await OneAsync(http, role, port, probe, cancellationToken));
        }

        var worker = Number(environment("WORKER_PORT")) ?? 3000;
        findings.Add(await OneAsync(http, "worker", worker, "/ping", cancellationToken));
        findings.Add(Local(worker, Number(environment("WORKER_HTTP_PORT"))));
        return findings;
    }

    /// <summary>The worker's second port, which takes webhooks that end sessions: named by the operator, or the one above the first where that is free.</summary>
    internal static Finding Local(int worker, int? named)
    {
        var port = named ?? worker + 1;
        if (port == 0 || FreePort.IsFree(port))
        {
            return new("ports", FindingLevel.Ok, port == 0 ? "the worker's webhooks take any free port" : $"{port} (worker's webhooks) is free");
        }

        return named is null
            ? new("ports", FindingLevel.Ok, $"{port} (worker's webhooks) is taken, by the worker or another program; a worker that finds it so takes any free one")
            : new("ports", FindingLevel.Warning, $"{port} (worker's webhooks, WORKER_HTTP_PORT) is taken, by the worker or another program", "choose another in WORKER_HTTP_PORT, or 0 for any free one, unless the worker runs already");
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

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535 ? port : null;

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
