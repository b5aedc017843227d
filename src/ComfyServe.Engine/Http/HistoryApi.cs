using System.Globalization;
using System.Text;
using ComfyServe.Engine.Queue;
using ComfyServe.Workflows.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/history</c>: how prompts ended.</summary>
internal sealed class HistoryApi(PromptHistory history)
{
    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Get, "/history", ListAsync);
        routes.MapBoth(HttpMethods.Get, "/history/{id}", ShowAsync);
        routes.MapBoth(HttpMethods.Post, "/history", ChangeAsync);
    }

    private Task ListAsync(HttpContext context)
    {
        var (max, offset) = (Routes.Query(context, "max_items"), Routes.Query(context, "offset"));
        return TryRead(max, out var maxItems) && TryRead(offset, out var skip)
            ? WriteAsync(context, history.List(maxItems, skip ?? -1))
            : Reply.FailureAsync(context);
    }

    private Task ShowAsync(HttpContext context) => WriteAsync(context, history.Find(Routes.Segment(context, "id")));

    private async Task ChangeAsync(HttpContext context)
    {
        if (await JsonBody.ReadObjectAsync(context) is not { } body)
        {
            await Reply.FailureAsync(context);
            return;
        }

        if (JsonBody.IsTruthy(body["clear"]))
        {
            history.Clear();
        }

        foreach (var id in QueueApi.Ids(body["delete"]))
        {
            history.Delete(id);
        }

        await Reply.EmptyAsync(context);
    }

    private static bool TryRead(string? text, out long? number)
    {
        number = null;
        if (text is null)
        {
            return true;
        }

        var isNumber = long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value);
        number = value;
        return isNumber;
    }

    private static async Task WriteAsync(HttpContext context, IReadOnlyList<KeyValuePair<string, byte[]>> entries)
    {
        using var body = new MemoryStream(2 + entries.Sum(e => e.Value.Length + e.Key.Length + 8));
        body.WriteByte((byte)'{');
        var key = new StringBuilder();
        foreach (var (id, entry) in entries)
        {
            key.Clear().Append(body.Length > 1 ? ", " : "");
            PythonJson.WriteString(key, id);
            key.Append(": ");
            body.Write(Encoding.ASCII.GetBytes(key.ToString()));
            body.Write(entry);
        }

        body.WriteByte((byte)'}');
        await Reply.JsonBytesAsync(context, body.GetBuffer().AsMemory(0, (int)body.Length));
    }
}
