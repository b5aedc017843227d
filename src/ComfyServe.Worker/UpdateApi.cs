using System.Security.Cryptography;
using System.Text;
using ComfyServe.Worker.Forwarding;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Worker;

/// <summary><c>POST /pyworker/update</c>: the gateway asks for an update; a file tells whatever restarts the worker.</summary>
internal sealed class UpdateApi(WorkerOptions options)
{
    private const string Bearer = "Bearer ";

    /// <summary>Adds the call.</summary>
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapPost("/pyworker/update", static (HttpContext context, UpdateApi api) => api.UpdateAsync(context));

    private async Task UpdateAsync(HttpContext context)
    {
        if (!IsToken(context.Request.Headers.Authorization))
        {
            await Answers.WriteAsync(context, StatusCodes.Status401Unauthorized, "error", "unauthorized");
            return;
        }

        try
        {
            await File.WriteAllBytesAsync(options.UpdateFile, [], context.RequestAborted);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Answers.WriteAsync(context, StatusCodes.Status500InternalServerError, "error", $"failed to write file: {error.Message}");
            return;
        }

        await Answers.WriteAsync(context, StatusCodes.Status200OK, new() { ["ok"] = true });
    }

    // A worker without a token must not take an empty one for it.
    private bool IsToken(string? given)
    {
        if (given is null || options.Mtoken.Length == 0)
        {
            return false;
        }

        var token = given.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? given[Bearer.Length..] : given;
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token.Trim()), Encoding.UTF8.GetBytes(options.Mtoken));
    }
}
