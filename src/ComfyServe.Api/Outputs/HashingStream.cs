using System.Security.Cryptography;
using ComfyServe.Api.Engines;

namespace ComfyServe.Api.Outputs;

/// <summary>Reads another stream once and knows length, SHA-256 and the first bytes of what went by.</summary>
/// <param name="inner">The stream; not disposed.</param>
/// <param name="captureLimit">Bytes to keep for <see cref="Captured"/>; 0 keeps none.</param>
internal sealed class HashingStream(Stream inner, long captureLimit = 0) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _start = new byte[MediaType.Window];
    private int _startLength;
    private int _startRead;
    private MemoryStream? _captured = captureLimit > 0 ? new() : null;

    /// <summary>Bytes read so far, without those only peeked at.</summary>
    public long BytesRead { get; private set; }

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
        get => BytesRead;
        set => throw new NotSupportedException();
    }

    /// <summary>The first bytes; they are delivered again by the next reads.</summary>
    public async Task<ReadOnlyMemory<byte>> PeekAsync(CancellationToken cancellationToken)
    {
        int read;
        while (_startLength < _start.Length && (read = await ReadInnerAsync(_start.AsMemory(_startLength), cancellationToken)) > 0)
        {
            _startLength += read;
        }

        return _start.AsMemory(0, _startLength);
    }

    /// <summary>All bytes, when they were to be kept and are no more than the limit.</summary>
    public ReadOnlyMemory<byte>? Captured => _captured is { } kept ? (ReadOnlyMemory<byte>?)kept.GetBuffer().AsMemory(0, (int)kept.Length) : null;

    /// <summary>SHA-256 of what was read, in hexadecimal.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        if (_startRead < _startLength)
        {
            read = Math.Min(buffer.Length, _startLength - _startRead);
            _start.AsMemory(_startRead, read).CopyTo(buffer);
            _startRead += read;
        }
        else
        {
            read = await ReadInnerAsync(buffer, cancellationToken);
        }

        _hash.AppendData(buffer.Span[..read]);
        BytesRead += read;
        if (BytesRead > captureLimit)
        {
            _captured = null;
        }

        _captured?.Write(buffer.Span[..read]);
        return read;
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

    /// <summary>What goes wrong here is the engine's doing, not that of the store that the bytes go to.</summary>
    private async ValueTask<int> ReadInnerAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new EngineUnreachableException($"the engine's file could not be read to its end: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
