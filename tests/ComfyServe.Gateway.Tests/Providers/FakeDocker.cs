using System.ComponentModel;
using System.Text.Json.Nodes;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Tests.Providers;

/// <summary>The calls of Docker's Engine API that the provider makes, with its statuses and error bodies; containers are processes.</summary>
internal sealed class FakeDocker : IAsyncDisposable
{
    private readonly FakeContainers _containers = new();
    private readonly WebApplication _app;

    private FakeDocker(WebApplication app) => _app = app;

    /// <summary>Its address.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Images that the host has.</summary>
    public HashSet<string> Images { get; } = ["comfyserve"];

    /// <summary>What containers were made of, by name.</summary>
    public Dictionary<string, JsonObject> Made { get; } = new(StringComparer.Ordinal);

    public static async Task<FakeDocker> StartAsync()
    {
        var app = LoopbackServer.Build();
        var docker = new FakeDocker(app);
        docker.Map();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return docker;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _containers.Dispose();
    }

    private void Map()
    {
        _app.MapPost("/containers/create", async (HttpRequest request, string name) =>
        {
            var body = (await request.ReadFromJsonAsync<JsonObject>())!;
            if (!Images.Contains((string)body["Image"]!))
            {
                return Fault(404, $"No such image: {body["Image"]}");
            }

            string[] words = [.. Words(body["Entrypoint"]), .. Words(body["Cmd"])];
            var variables = Words(body["Env"]).Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);
            Made[name] = body;
            return _containers.Add(name, words, variables) ? Results.Json(new { Id = name, Warnings = Array.Empty<string>() }, statusCode: 201) : Fault(409, $"The name \"{name}\" is in use");
        });
        _app.MapPost("/images/create", (string fromImage, string tag) =>
        {
            if (fromImage == "unknown")
            {
                return Fault(404, "pull access denied for unknown");
            }

            Images.Add(tag == "latest" ? fromImage : $"{fromImage}:{tag}");
            return Results.Text("{\"status\":\"Download complete\"}\n", "application/json");
        });
        _app.MapPost("/containers/{name}/start", (string name) =>
        {
            try
            {
                return _containers.Runs(name) is null ? Unknown(name) : Results.StatusCode(_containers.Start(name) ? 204 : 304);
            }
            catch (Win32Exception error)
            {
                return Fault(400, $"failed to create shim task: exec: {error.Message}");
            }
        });
        _app.MapPost("/containers/{name}/stop", (string name) => _containers.Runs(name) is null ? Unknown(name) : Results.StatusCode(_containers.Stop(name) ? 204 : 304));
        _app.MapDelete("/containers/{name}", (string name) => _containers.Remove(name) ? Results.NoContent() : Unknown(name));
        _app.MapGet("/containers/{name}/json", (string name) =>
            _containers.Runs(name) is { } runs ? Results.Json(new { Id = name, State = new { Running = runs } }) : Unknown(name));
        _app.MapGet("/containers/json", () => Results.Json(Made.Where(m => _containers.Runs(m.Key) is not null).Select(m => new { Id = m.Key, Labels = m.Value["Labels"]!.DeepClone() })));
        _app.MapDelete("/volumes/{name}", (string name) => Fault(404, $"get {name}: no such volume"));
    }

    private static IResult Unknown(string name) => Fault(404, $"No such container: {name}");

    private static IResult Fault(int status, string message) => Results.Json(new { message }, statusCode: status);

    private static IEnumerable<string> Words(JsonNode? list) => list is JsonArray words ? words.Select(w => (string)w!) : [];
}
