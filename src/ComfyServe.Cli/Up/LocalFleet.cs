using System.Globalization;
using System.Text.Json.Nodes;
using ComfyServe.Api;
using ComfyServe.Cli.Fleet;
using ComfyServe.Engine;
using ComfyServe.Worker;
using Microsoft.AspNetCore.Builder;

namespace ComfyServe.Cli.Up;

/// <summary>All roles in this process: engine ← API service ← worker, and the gateway that routes to the worker.</summary>
internal sealed class LocalFleet : IAsyncDisposable
{
    private const string Endpoint = "comfyui-json";
    private readonly List<(string Role, WebApplication Server)> _servers = [];
    private readonly string _data;
    private string? _madeKey;

    private LocalFleet(string data) => _data = data;

    /// <summary>The gateway.</summary>
    public WebApplication Front => _servers.Single(s => s.Role == "gateway").Server;

    /// <summary>The gateway's base URL.</summary>
    public string GatewayUrl => Role.Url(Front);

    private string KeyFile => Path.Combine(_data, "gateway", "account.key");

    private string PlaceFile => Path.Combine(_data, "worker", "place");

    /// <summary>Starts the roles one after another; when one fails, those before it are stopped.</summary>
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
        foreach (var (role, server) in _servers)
        {
            output.WriteLine($"{role,-12} {Role.Url(server)}");
        }

        output.WriteLine($"{"dashboard",-12} {GatewayUrl}/dashboard/");
        output.WriteLine($"{"docs",-12} {Role.Url(_servers.Single(s => s.Role == "API service").Server)}/docs");
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

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var (_, server) in Enumerable.Reverse(_servers))
        {
            await server.StopAsync(CancellationToken.None);
            await server.DisposeAsync();
        }
    }

    private static string? FromEnvironment() => Environment.GetEnvironmentVariable("COMFYSERVE_ADMIN_KEY") is { Length: > 0 } key ? key : null;

    private async Task StartRolesAsync(FleetPlan plan, CancellationToken cancellationToken)
    {
        var engine = await StartAsync("engine", EngineServer.Build(EngineVerb.Settings(_data, fp32: false, "127.0.0.1", plan.EnginePort), Role.Configure), cancellationToken);
        var api = await StartAsync("API service", ApiServer.Build(ApiVerb.Settings(_data, [engine], plan.Host, plan.ApiPort), ApiVerb.Configure(_data, [engine])), cancellationToken);
        var settings = GatewayVerb.Settings(_data, plan.Host, plan.GatewayPort);
        settings.AdminKeyMade = KeepKey;
        var gateway = await StartAsync("gateway", GatewayVerb.Server(settings), cancellationToken);

        var (id, token) = await FindPlaceAsync(gateway, cancellationToken);
        await StartAsync("worker", WorkerServer.Build(WorkerSettings(plan, api, gateway, id, token), Role.Configure), cancellationToken);
    }

    private async Task<string> StartAsync(string role, WebApplication server, CancellationToken cancellationToken)
    {
        _servers.Add((role, server));
        await Role.StartAsync(server, cancellationToken);
        return Role.Url(server);
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
            LocalPort = plan.WorkerPort == 0 ? 0 : null,
            Api = new Uri(api),
            Folder = Path.Combine(_data, "worker"),
        };
        List<string> warnings = [];
        WorkerEnvironment.ReadBenchmark(options, Environment.GetEnvironmentVariable, warnings);
        warnings.ForEach(static warning => Console.Error.WriteLine($"comfyserve: {warning}"));
        return options.Mistakes() is { Count: > 0 } mistakes ? throw new UsageException(string.Join(Environment.NewLine, mistakes)) : options;
    }
}
