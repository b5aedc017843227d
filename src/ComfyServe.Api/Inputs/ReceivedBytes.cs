using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Inputs;

/// <summary>What a server sends, counted as it comes: its encoding may be undone behind, and both sides have the limit.</summary>
/// <param name="inner">The bytes; not disposed.</param>
/// <param name="limit">Most bytes.</param>
/// <param name="shown">Where they come from, for messages.</param>
internal sealed class ReceivedBytes(Stream inner, long limit, string shown) : Stream
{
    private uint _tail;

    /// <summary>Bytes so far.</summary>
    public long Count { get; private set; }

    /// <summary>Whether somebody asked for more than there was.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The last four bytes as a little-endian number.</summary>
    public uint Tail => _tail;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => Count;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        Count += read;
        HasEnded |= read == 0 && buffer.Length > 0;
        foreach (var last in buffer.Span[Math.Max(0, read - 4)..read])
        {
            _tail = (_tail >> 8) | ((uint)last << 24);
        }

        return Count <= limit ? read : throw new InputException(JobErrorCode.InputRefused, $"'{shown}' is larger than {limit} bytes");
    }

    /// <summary>Reads what nobody wanted, such as what a server adds behind the end of an encoding.</summary>
    public async Task DrainAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (await ReadAsync(buffer, cancellationToken) > 0)
        {
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read it asynchronously");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
