using ComfyServe.Api.Engines;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Hosting;
using ComfyServe.Hosting.Logging;
using ComfyServe.Hosting.Supervision;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli.Roles;

/// <summary>Our engine as a process of its own: what ends it ends neither queue nor jobs nor results, and it is back in a moment.</summary>
internal sealed class EngineProcess : IEngineKeeper, IAsyncDisposable
{
    // Of what our environment holds for other roles, the engine, which runs what callers send, needs nothing.
    private static readonly string[] Withheld =
        [.. WithheldVariables.Names, "MASTER_TOKEN", "LEDGER_KEY", "LEDGER_POSTGRES", "API_KEYS", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "WEBHOOK_SECRET", "WEBHOOK_SECRET_OTHER"];

    private readonly ReservedPort? _port;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly ILoggerFactory _loggers = LoggerFactory.Create(static logging => logging.AddServiceLogging());
    private readonly Supervisor _supervisor;

    private EngineProcess(EnginePlan plan)
    {
        _port = plan.Port == 0 ? new ReservedPort() : null;
        var port = _port?.Number ?? plan.Port;
        Url = $"http://127.0.0.1:{port}";
        var program = new SupervisedProgram
        {
            Name = "engine",
            Command = plan.Command(port),
            IsOwn = true,
            Folder = plan.Folder,
            Environment = Withheld.ToDictionary(static name => name, static string? (_) => null),
            ReadyLine = "ready ",
            Probe = new Uri($"{Url}/queue"),
            SilenceLimit = TimeSpan.FromMinutes(2),
            MemoryLimit = plan.Memory,
        };
        var launcher = new ProgramLauncher(OwnProgram.Command);
        _supervisor = new Supervisor(program, launcher.StartAsync, new ProgramProbe(_http, TimeProvider.System), TimeProvider.System, _loggers.CreateLogger<Supervisor>())
        {
            Lines = static line => Console.Error.WriteLine(line.Text),
        };
    }

    /// <summary>Where it is, over all its starts.</summary>
    public string Url { get; }

    /// <summary>Begins to start an engine; <see cref="ReadyAsync"/> waits for it.</summary>
    public static EngineProcess Begin(EnginePlan plan)
    {
        Directory.CreateDirectory(plan.Folder);
        var engine = new EngineProcess(plan);
        engine._supervisor.Start();
        return engine;
    }

    /// <summary>Waits until it serves.</summary>
    /// <exception cref="ProgramFailedException">It could not be started.</exception>
    public Task ReadyAsync(CancellationToken cancellationToken) => _supervisor.FirstReady.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public string? WhyAway(string engine) => engine == Url ? _supervisor.WhyAway : null;

    /// <inheritdoc/>
    public string? LastEnd(string engine) => engine == Url ? _supervisor.State.LastEnd?.Reason : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _supervisor.DisposeAsync();
        _http.Dispose();
        _loggers.Dispose();
        _port?.Dispose();
    }
}
