using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Forwarding;
using ComfyServe.Worker.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Worker.Sessions;

/// <summary><c>/session/create</c>, <c>/get</c>, <c>/health</c> and <c>/end</c>, as the original's worker has them.</summary>
internal sealed class SessionApi(WorkerOptions options, SessionTable sessions, BodyReader bodies, TicketGate gate)
{
    private delegate Task Answer(HttpContext context, SessionAccess access, Session? session, string id);

    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/session/create", static (HttpContext context, SessionApi api) => api.CreateAsync(context));
        app.MapPost("/session/get", static (HttpContext context, SessionApi api) => api.FindAsync(context, api.ShowAsync));
        app.MapPost("/session/health", static (HttpContext context, SessionApi api) => api.FindAsync(context, api.HealthAsync));
        app.MapPost("/session/end", static (HttpContext context, SessionApi api) => api.FindAsync(context, api.EndAsync));
    }

    private async Task CreateAsync(HttpContext context)
    {
        using var body = await bodies.ReadAsync(context.Request, context.RequestAborted);
        if (body.Refusal != 0)
        {
            context.Response.StatusCode = body.Refusal;
            return;
        }

        if (WorkerCall.Read(body.Memory, out var mistakes) is not { } call || SessionWishes.Read(call.Payload, options.MaxSessionLifetime, out mistakes) is not { } wishes)
        {
            await Answers.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, mistakes);
            return;
        }

        // The original checks no signature here, so anybody could take all its sessions.
        if (await gate.PassAsync(context, call.Ticket, LoadKind.Request) is not { } cost)
        {
            return;
        }

        if (sessions.Open(call.Ticket, cost, wishes) is not { } session)
        {
            gate.Refuse(call.Ticket, cost);
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        await Answers.WriteAsync(
            context, StatusCodes.Status201Created, new JsonObject { ["session_id"] = session.Id, ["expiration"] = session.Expiration });
    }

    private async Task FindAsync(HttpContext context, Answer answer)
    {
        using var body = await bodies.ReadAsync(context.Request, context.RequestAborted);
        if (body.Refusal != 0)
        {
            context.Response.StatusCode = body.Refusal;
            return;
        }

        if (!TryParse(body.Memory, out var asked))
        {
            await Answers.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, "error", "invalid JSON");
        }
        else if (!asked.TryGetProperty("session_id", out var given) || Text(given) is not { } id)
        {
            await Answers.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, "error", "missing session_id");
        }
        else
        {
            var access = sessions.Find(id, asked.TryGetProperty("session_auth", out var auth) ? auth : default, out var session);
            await answer(context, access, session, id);
        }
    }

    private Task ShowAsync(HttpContext context, SessionAccess access, Session? session, string id) => access switch
    {
        SessionAccess.Unknown => Answers.WriteAsync(context, StatusCodes.Status400BadRequest, "error", "session does not exist"),
        SessionAccess.NotYours => NotYoursAsync(context),
        _ => Answers.WriteAsync(context, StatusCodes.Status200OK, new JsonObject
        {
            ["session_id"] = id,
            ["auth_data"] = JsonNode.Parse(session!.AuthData.GetRawText()),
            ["lifetime"] = session.Lifetime,
            ["expiration"] = session.Expiration,
            ["created_at"] = session.CreatedAt,
            ["on_close_route"] = session.OnCloseRoute,
            ["on_close_payload"] = session.OnClosePayload?.DeepClone(),
        }),
    };

    private Task HealthAsync(HttpContext context, SessionAccess access, Session? session, string id) => access == SessionAccess.NotYours
        ? NotYoursAsync(context)
        : Answers.WriteAsync(context, StatusCodes.Status200OK, new JsonObject { ["ok"] = access == SessionAccess.Yours });

    private async Task EndAsync(HttpContext context, SessionAccess access, Session? session, string id)
    {
        if (access == SessionAccess.Unknown)
        {
            await Answers.WriteAsync(context, StatusCodes.Status400BadRequest, "error", $"session with id {id} not found");
        }
        else if (access == SessionAccess.NotYours)
        {
            await NotYoursAsync(context);
        }
        else if (await sessions.CloseAsync(session!, CancellationToken.None))
        {
            await Answers.WriteAsync(context, StatusCodes.Status200OK, new JsonObject { ["ended"] = true, ["removed_session"] = id });
        }
        else
        {
            await Answers.WriteAsync(context, StatusCodes.Status410Gone, "error", "session already closed");
        }
    }

    private static Task NotYoursAsync(HttpContext context) =>
        Answers.WriteAsync(context, StatusCodes.Status401Unauthorized, "error", "session_auth is not valid");

    // Null for what is no text, or no Unicode.
    private static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool TryParse(ReadOnlyMemory<byte> body, out JsonElement asked)
    {
        asked = default;
        try
        {
            asked = JsonElement.Parse(body.Span);
            return asked.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
