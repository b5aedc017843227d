using System.Text.Json;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Worker.Tickets;

/// <summary>A ticket as it came in.</summary>
/// <param name="Data">Its members.</param>
/// <param name="Raw">Its JSON: the original's older signatures cover numbers as they were written.</param>
internal sealed record Ticket(AuthData Data, JsonElement Raw);
