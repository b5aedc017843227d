using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/settings</c> and <c>/users</c>: what the web front end remembers. There is one user.</summary>
internal sealed class SettingsApi(UserFolder user) : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, IndentSize = 4 };

    // One change at a time reads the file and writes it.
    private readonly SemaphoreSlim _changing = new(1);

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Get, "/users", context => Reply.JsonAsync(
            context, new JsonObject { ["storage"] = "server", ["migrated"] = Directory.Exists(user.Root) }));
        routes.MapBoth(HttpMethods.Get, "/settings", async context => await Reply.JsonAsync(context, await ReadAsync(context)));
        routes.MapBoth(HttpMethods.Get, "/settings/{id}", async context =>
            await Reply.JsonAsync(context, (await ReadAsync(context))[Routes.Segment(context, "id")]));
        routes.MapBoth(HttpMethods.Post, "/settings", MergeAsync);
        routes.MapBoth(HttpMethods.Post, "/settings/{id}", SetAsync);
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    private async Task MergeAsync(HttpContext context)
    {
        if (await JsonBody.ReadObjectAsync(context) is not { } body)
        {
            await Reply.FailureAsync(context);
            return;
        }

        await ChangeAsync(context, settings =>
        {
            foreach (var (name, value) in body)
            {
                settings[name] = value?.DeepClone();
            }
        });
    }

    private async Task SetAsync(HttpContext context)
    {
        var (isJson, value) = await JsonBody.ReadAsync(context);
        await (isJson ? ChangeAsync(context, settings => settings[Routes.Segment(context, "id")] = value) : Reply.FailureAsync(context));
    }

    private async Task ChangeAsync(HttpContext context, Action<JsonObject> change)
    {
        await _changing.WaitAsync(context.RequestAborted);
        try
        {
            var settings = await ReadAsync(context);
            change(settings);
            await UserFolder.WriteAsync(user.Settings, file => JsonSerializer.SerializeAsync(file, settings, Indented, context.RequestAborted));
        }
        finally
        {
            _ = _changing.Release();
        }

        await Reply.EmptyAsync(context);
    }

    private async Task<JsonObject> ReadAsync(HttpContext context)
    {
        if (!File.Exists(user.Settings))
        {
            return [];
        }

        var text = await File.ReadAllBytesAsync(user.Settings, context.RequestAborted);
        return JsonBody.TryParse(text, out var value) && value is JsonObject settings
            ? settings
            : throw new InvalidDataException($"'{user.Settings}' is no JSON object; repair or delete it");
    }
}
