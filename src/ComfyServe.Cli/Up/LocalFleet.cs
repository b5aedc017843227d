using System.Globalization;
using System.Text.Json.Nodes;
using ComfyServe.Cli.Fleet;
using ComfyServe.Cli.Roles;
using ComfyServe.Worker;

namespace ComfyServe.Cli.Up;

/// <summary>All roles on this machine: engine ← API service ← worker, and the gateway that routes to the worker. The engine is a process of its own.</summary>
internal sealed class LocalFleet : IAsyncDisposable
{
    private const string Endpoint = "comfyui-json";
    private readonly RoleGroup _roles = new();
    private readonly string _data;
    private string? _madeKey;

    private LocalFleet(string data) => _data = data;

    /// <summary>The gateway's base URL.</summary>
    public string GatewayUrl => _roles.UrlOf("gateway");

    private string KeyFile => Path.Combine(_data, "gateway", "account.key");

    private string PlaceFile => Path.Combine(_data, "worker", "place");

    /// <summary>Starts the roles; when one fails, those before it are stopped.</summary>
    public static async Task<LocalFleet> StartAsync(FleetPlan plan, CancellationToken cancellationToken)
    {
        var fleet = new LocalFleet(DataFolder.Resolve(plan.Data));
        try
        {
            await fleet.StartRolesAsync(plan, cancellationToken);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Tells where everything is and how to send a request.</summary>
    public void Print(TextWriter output)
    {
        foreach (var (role, url) in _roles.Urls)
        {
            output.WriteLine($"{role,-12} {url}");
        }

        output.WriteLine($"{"dashboard",-12} {GatewayUrl}/dashboard/");
        output.WriteLine($"{"docs",-12} {_roles.UrlOf(LocalService.Name)}/docs");
        output.WriteLine($"{"data",-12} {_data}");
        output.WriteLine($"{"endpoint",-12} {Endpoint}");
        if (_madeKey is { } key)
        {
            output.WriteLine($"{"key",-12} {key} (shown once; kept in '{KeyFile}')");
        }
        else
        {
            output.WriteLine($"{"key",-12} as before: {(FromEnvironment() is null ? $"'{KeyFile}'" : "COMFYSERVE_ADMIN_KEY")}");
        }

        output.WriteLine("The worker measures this machine now; requests through the gateway wait until it has its score.");
    }

    /// <summary>Waits until the caller cancels or a role stops by itself.</summary>
    public Task UntilStoppedAsync(CancellationToken cancellationToken) => _roles.UntilStoppedAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _roles.DisposeAsync();

    private static string? FromEnvironment() => Environment.GetEnvironmentVariable("COMFYSERVE_ADMIN_KEY") is { Length: > 0 } key ? key : null;

    private async Task StartRolesAsync(FleetPlan plan, CancellationToken cancellationToken)
    {
        // 1. Before anything is made: what cannot be had.
        new ListenPorts().Add("engine", "127.0.0.1", plan.EnginePort).Add(LocalService.Name, plan.Host, plan.ApiPort)
            .Add("gateway", plan.Host, plan.GatewayPort).Add("worker", plan.Host, plan.WorkerPort).Check();

        // 2. The engine takes longest: it starts beside all else, up to where it is needed.
        var enginePlan = new EnginePlan(_data, plan.EnginePort, [], Fp32: false, plan.EngineMemory);
        var engine = await LocalService.StartAsync(_roles, enginePlan, url => ApiVerb.Settings(_data, [url], plan.Host, plan.ApiPort), cancellationToken);
        var settings = GatewayVerb.Settings(_data, plan.Host, plan.GatewayPort);
        settings.AdminKeyMade = KeepKey;
        var gateway = await _roles.StartAsync("gateway", GatewayVerb.Server(settings), cancellationToken);
        var (id, token) = await FindPlaceAsync(gateway, cancellationToken);
        await engine.ReadyAsync(cancellationToken);

        // 3. The worker measures the engine at once.
        await _roles.StartAsync("worker", WorkerServer.Build(WorkerSettings(plan, _roles.UrlOf(LocalService.Name), gateway, id, token), Role.Configure), cancellationToken);
    }

    private void KeepKey(string key)
    {
        _madeKey = key;
        SecretFile.Write(KeyFile, key);
    }

    /// <summary>The worker's id and token: those of the last time where the gateway still knows them.</summary>
    private async Task<(long Id, string Token)> FindPlaceAsync(string gatewayUrl, CancellationToken cancellationToken)
    {
        var key = FromEnvironment() ?? _madeKey ?? SecretFile.Read(KeyFile)?.FirstOrDefault()
            ?? throw new UsageException($"the account's key was made earlier and '{KeyFile}' is missing: set COMFYSERVE_ADMIN_KEY to it");
        using var gateway = new GatewayCalls(gatewayUrl, key);
        var known = (await gateway.EndpointsAsync(cancellationToken)).FirstOrDefault(e => (string?)e["endpoint_name"] == Endpoint);
        var endpoint = known is not null
            ? (long)known["id"]!
            : (long)(await gateway.CallAsync(HttpMethod.Post, "/api/v0/endptjobs/", new JsonObject { ["client_id"] = "me", ["endpoint_name"] = Endpoint }, cancellationToken))["result"]!;
        if (SecretFile.Read(PlaceFile) is [var storedId, var storedToken, ..] && long.TryParse(storedId, CultureInfo.InvariantCulture, out var last)
            && (await gateway.WorkersAsync(endpoint, cancellationToken)).Any(w => (long?)w["id"] == last))
        {
            return (last, storedToken);
        }

        var place = await gateway.CallAsync(HttpMethod.Post, $"/api/v1/endpoints/{Endpoint}/workers", null, cancellationToken);
        var (id, token) = ((long)place["id"]!, (string)place["mtoken"]!);
        SecretFile.Write(PlaceFile, id.ToString(CultureInfo.InvariantCulture), token);
        return (id, token);
    }

    private WorkerOptions WorkerSettings(FleetPlan plan, string api, string gateway, long id, string token)
    {
        var options = new WorkerOptions
        {
            Id = id,
            Mtoken = token,
            Gateways = [new Uri(gateway)],
            Host = plan.Host,
            Port = plan.WorkerPort,
            Api = new Uri(api),
            Folder = Path.Combine(_data, "worker"),
        };
        List<string> warnings = [];
        WorkerEnvironment.ReadBenchmark(options, Environment.GetEnvironmentVariable, warnings);
        warnings.ForEach(static warning => Console.Error.WriteLine($"comfyserve: {warning}"));
        return options.Mistakes() is { Count: > 0 } mistakes ? throw new UsageException(string.Join(Environment.NewLine, mistakes)) : options;
    }
}
