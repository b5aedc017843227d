using System.CommandLine;
using ComfyServe.Cli.Roles;
using ComfyServe.Hosting.Logging;
using ComfyServe.Worker;
using ComfyServe.Worker.Reporting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve worker</c>: the agent in front of an API service, in the foreground.</summary>
internal static class WorkerVerb
{
    public static Command Build()
    {
        var host = new Option<string?>("--host") { Description = "Address to listen on (default WORKER_HOST, else 0.0.0.0 when PUBLIC_IPADDR is set, else 127.0.0.1)", HelpName = "ADDRESS" };
        var port = new Option<int?>("--port") { Description = "Port to listen on, 0 for any free one (default WORKER_PORT, else 3000)", HelpName = "PORT" }.Between(0, 65535);
        var localPort = new Option<int?>("--local-port")
        {
            Description = "Port on 127.0.0.1 for webhooks that end sessions, 0 for any free one (default WORKER_HTTP_PORT, else the port above '--port', or any free one where that is taken)",
            HelpName = "PORT",
        }.Between(0, 65535);
        var gateway = new Option<string?>("--gateway") { Description = "Base URL of the gateway (default REPORT_ADDR)", HelpName = "URL" };
        var api = new Option<string?>("--api") { Description = "Base URL of the API service (default MODEL_SERVER_URL, else http://127.0.0.1:18288)", HelpName = "URL" };
        var command = Verb.Create(
            "worker",
            "Joins a gateway and serves requests with the API service of this machine; CONTAINER_ID and MASTER_TOKEN say who it is",
            "CONTAINER_ID=7 MASTER_TOKEN=… REPORT_ADDR=http://gateway:8080 comfyserve worker",
            "comfyserve worker --gateway http://127.0.0.1:8080 --port 0");
        command.Options.Add(host);
        command.Options.Add(port);
        command.Options.Add(localPort);
        command.Options.Add(gateway);
        command.Options.Add(api);
        return command.Does((parsed, cancellationToken) =>
        {
            var given = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["WORKER_HOST"] = parsed.GetValue(host),
                ["WORKER_PORT"] = parsed.GetValue(port)?.ToString(),
                ["WORKER_HTTP_PORT"] = parsed.GetValue(localPort)?.ToString(),
                ["REPORT_ADDR"] = parsed.GetValue(gateway),
                ["MODEL_SERVER_URL"] = parsed.GetValue(api),
            };
            return RunAsync(name => given.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name), cancellationToken);
        });
    }

    /// <summary>The worker's settings.</summary>
    /// <param name="read">Gives a variable's text, or null.</param>
    /// <exception cref="UsageException">They are wrong; the message has every mistake.</exception>
    public static WorkerOptions Settings(Func<string, string?> read)
    {
        var (mistakes, warnings) = (new List<string>(), new List<string>());
        var options = WorkerEnvironment.Read(read, mistakes, warnings);
        foreach (var warning in warnings)
        {
            Console.Error.WriteLine($"comfyserve: {warning}");
        }

        // What could not be read was said already; its default is no second mistake.
        mistakes.AddRange(options.Mistakes().Where(m => !mistakes.Exists(known => known.Split(' ')[0] == m.Split(' ')[0])));
        return mistakes.Count == 0 ? options : throw new UsageException(string.Join(Environment.NewLine, mistakes));
    }

    /// <summary>The ports that a worker listens on and that were named.</summary>
    public static ListenPorts Ports(WorkerOptions options) =>
        new ListenPorts().Add("worker", options.Host, options.Port).Add("worker's webhooks (WORKER_HTTP_PORT)", "127.0.0.1", options.LocalPort ?? 0);

    // As the original: a worker that cannot start says so to its gateway, which would otherwise wait for it. Not when its port is
    // taken: then it probably runs already, and an error in its name would make the gateway replace it.
    private static async Task<int> RunAsync(Func<string, string?> read, CancellationToken cancellationToken)
    {
        var options = Settings(read);
        Ports(options).Check();
        using var loggers = LoggerFactory.Create(static logging => logging.AddServiceLogging());
        try
        {
            if (WorkerPreparation.IsAsked(read))
            {
                var data = DataFolder.Resolve(null);
                var preparation = new WorkerPreparation(data, Path.Combine(data, "custom-worker"), read, TimeProvider.System, loggers);
                if (await preparation.PythonWorkerAsync(cancellationToken) is { } worker)
                {
                    return await new PythonWorkerRole(data, options, read, TimeProvider.System, loggers).RunAsync(worker, preparation, cancellationToken);
                }

                options.Prepare = token => preparation.RunAsync(options, token);
            }

            return await Role.ServeAsync(WorkerServer.Build(options, Role.Configure), cancellationToken);
        }
        catch (LaunchException error)
        {
            await Console.Error.WriteLineAsync($"comfyserve: {error.Message}");
            await Console.Error.WriteLineAsync("comfyserve: the worker did not start; the gateway is told every 10 s until you stop this program");
            await LaunchFailure.ReportAsync(options, error.Message, TimeProvider.System, cancellationToken);
            return ExitCodes.Usage;
        }
    }
}
