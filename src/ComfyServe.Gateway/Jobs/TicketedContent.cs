using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Jobs;

/// <summary>A worker's request body: the ticket, then the payload as it is in memory, without a copy of it.</summary>
internal sealed class TicketedContent : HttpContent
{
    private readonly byte[] _head;
    private readonly ReadOnlyMemory<byte> _payload;

    public TicketedContent(RouteAnswer ticket, ReadOnlyMemory<byte> payload)
    {
        _head = [.. """{"auth_data":"""u8, .. JsonSerializer.SerializeToUtf8Bytes(ticket, ServerlessJson.Default.RouteAnswer), .. ""","session_id":null,"payload":"""u8];
        _payload = payload;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_head, cancellationToken);
        await stream.WriteAsync(_payload, cancellationToken);
        await stream.WriteAsync("}"u8.ToArray(), cancellationToken);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = _head.Length + _payload.Length + 1L;
        return true;
    }
}
