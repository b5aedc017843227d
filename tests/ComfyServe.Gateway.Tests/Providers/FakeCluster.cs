using System.ComponentModel;
using System.Text.Json.Nodes;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Tests.Providers;

/// <summary>The calls of Kubernetes' API that the provider makes, with its statuses; a deployment's pod is a process.</summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private readonly FakeContainers _pods = new();
    private readonly Dictionary<string, string> _faults = new(StringComparer.Ordinal);
    private readonly WebApplication _app;

    private FakeCluster(WebApplication app) => _app = app;

    /// <summary>Its address.</summary>
    public string Address => _app.Urls.First();

    /// <summary>Everything that is stored, by kind and name.</summary>
    public Dictionary<string, JsonObject> Objects { get; } = new(StringComparer.Ordinal);

    public static async Task<FakeCluster> StartAsync()
    {
        var app = LoopbackServer.Build();
        var cluster = new FakeCluster(app);
        cluster.Map();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _pods.Dispose();
    }

    private void Map()
    {
        foreach (var (root, kind) in new[] { ("/api/v1", "secrets"), ("/api/v1", "persistentvolumeclaims"), ("/apis/apps/v1", "deployments") })
        {
            var all = $"{root}/namespaces/{{space}}/{kind}";
            _app.MapPost(all, async (HttpRequest request) => Create(kind, (await request.ReadFromJsonAsync<JsonObject>())!));
            _app.MapPut(all + "/{name}", async (HttpRequest request, string name) => Results.Json(Objects[$"{kind}/{name}"] = (await request.ReadFromJsonAsync<JsonObject>())!));
            _app.MapGet(all + "/{name}", (string name) => Objects.TryGetValue($"{kind}/{name}", out var found) ? Results.Json(found) : Fault(404, $"{kind} \"{name}\" not found"));
            _app.MapDelete(all + "/{name}", (string name) => Delete(kind, name));
        }

        _app.MapPatch("/apis/apps/v1/namespaces/{space}/deployments/{name}", async (HttpRequest request, string name) =>
        {
            if (!Objects.TryGetValue($"deployments/{name}", out var deployment))
            {
                return Fault(404, $"deployments \"{name}\" not found");
            }

            var patch = (await System.Text.Json.JsonSerializer.DeserializeAsync<JsonObject>(request.Body))!;
            deployment["spec"]!["replicas"] = (int)patch["spec"]!["replicas"]!;
            Follow(name, deployment);
            return Results.Json(deployment);
        });
        _app.MapGet("/api/v1/namespaces/{space}/pods", (string labelSelector) =>
        {
            var name = $"comfyserve-worker-{labelSelector.Split('=')[1]}";
            var state = _faults.TryGetValue(name, out var fault) ? new { waiting = new { reason = "RunContainerError", message = fault } } : null;
            return Results.Json(new
            {
                apiVersion = "v1",
                kind = "PodList",
                items = new[] { new { status = new { containerStatuses = new[] { new { name = "worker", image = "", imageID = "", ready = state is null, restartCount = 0, state } } } } },
            });
        });
    }

    private IResult Create(string kind, JsonObject given)
    {
        var name = (string)given["metadata"]!["name"]!;
        if (!Objects.TryAdd($"{kind}/{name}", given))
        {
            return Fault(409, $"{kind} \"{name}\" already exists");
        }

        if (kind == "deployments")
        {
            var worker = given["spec"]!["template"]!["spec"]!["containers"]![0]!;
            var variables = Objects[$"secrets/{(string)worker["envFrom"]![0]!["secretRef"]!["name"]!}"]["stringData"]!.AsObject().ToDictionary(v => v.Key, v => (string)v.Value!);
            _pods.Add(name, [.. Words(worker["command"]), .. Words(worker["args"])], variables);
            Follow(name, given);
        }

        return Results.Json(given, statusCode: 201);
    }

    private IResult Delete(string kind, string name)
    {
        if (!Objects.Remove($"{kind}/{name}", out var removed))
        {
            return Fault(404, $"{kind} \"{name}\" not found");
        }

        _pods.Remove(kind == "deployments" ? name : "");
        return Results.Json(kind == "persistentvolumeclaims" ? removed : new JsonObject { ["kind"] = "Status", ["status"] = "Success" });
    }

    private void Follow(string name, JsonObject deployment)
    {
        try
        {
            _ = (int)deployment["spec"]!["replicas"]! > 0 ? _pods.Start(name) : _pods.Stop(name);
        }
        catch (Win32Exception error)
        {
            _faults[name] = error.Message;
        }
    }

    private static IResult Fault(int status, string message) =>
        Results.Json(new { kind = "Status", apiVersion = "v1", status = "Failure", message, code = status }, statusCode: status);

    private static IEnumerable<string> Words(JsonNode? list) => list is JsonArray words ? words.Select(w => (string)w!) : [];
}
