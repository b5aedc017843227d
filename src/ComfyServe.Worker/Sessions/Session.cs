using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Worker.Admission;

namespace ComfyServe.Worker.Sessions;

/// <summary>An open session: a client that keeps this worker for several requests. Changed only by <see cref="SessionTable"/>.</summary>
internal sealed class Session : IDisposable
{
    private readonly CancellationTokenSource _closing = new();

    public Session() => Closed = _closing.Token;

    /// <summary>Its id: 13 letters and digits that nobody can guess.</summary>
    public required string Id { get; init; }

    /// <summary>The ticket that it was made with; whoever shows it may use the session.</summary>
    public required JsonElement AuthData { get; init; }

    /// <summary>Stands for the key that it belongs to; empty where the ticket does not tell.</summary>
    public required string Holder { get; init; }

    /// <summary>Seconds that each request adds.</summary>
    public required double Lifetime { get; init; }

    /// <summary>When it ends, Unix seconds.</summary>
    public required double Expiration { get; set; }

    /// <summary>When it was made, Unix seconds.</summary>
    public required double CreatedAt { get; init; }

    /// <summary>Route of the API service that is told of the end, if any.</summary>
    public string? OnCloseRoute { get; init; }

    /// <summary>What it is told.</summary>
    public JsonNode? OnClosePayload { get; init; }

    /// <summary>Its place among the load here.</summary>
    public required LoadEntry Entry { get; init; }

    /// <summary>Requests within it so far.</summary>
    public int Requests { get; set; }

    /// <summary>Cancelled when it is closed.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Cuts off what runs within it.</summary>
    public Task CloseAsync() => _closing.CancelAsync();

    /// <inheritdoc/>
    public void Dispose() => _closing.Dispose();
}
