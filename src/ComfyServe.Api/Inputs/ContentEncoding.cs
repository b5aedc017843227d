using System.IO.Compression;
using System.IO.Pipelines;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Inputs;

/// <summary>Undoes the encodings that a server says it applied (RFC 9110, 8.4): object stores send files as they were stored, asked for or not.</summary>
internal static class ContentEncoding
{
    /// <summary>More than one is rare; many are a trick.</summary>
    private const int MostLayers = 3;

    /// <summary>The bytes as they were before they were encoded.</summary>
    /// <param name="received">As the server sends them.</param>
    /// <param name="encodings">Names in the order in which they were applied.</param>
    /// <param name="shown">Where they come from, for messages.</param>
    /// <param name="cancellationToken">Stops the look at the first bytes.</param>
    /// <exception cref="InputException">An encoding is not known, or there are too many.</exception>
    public static async Task<Stream> UndoAsync(Stream received, IEnumerable<string> encodings, string shown, CancellationToken cancellationToken)
    {
        var layers = Layers(encodings);
        if (layers.Count > MostLayers)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{shown}' is encoded {layers.Count} times; at most {MostLayers} are undone");
        }

        var plain = received;
        foreach (var layer in layers)
        {
            plain = layer switch
            {
                "gzip" or "x-gzip" => new GZipStream(plain, CompressionMode.Decompress),
                "deflate" => await InflateAsync(plain, cancellationToken),
                "br" => new BrotliStream(plain, CompressionMode.Decompress),
                _ => throw new InputException(JobErrorCode.InputRefused, $"'{shown}' has the encoding '{(layer.Length > 32 ? layer[..32] : layer)}'; gzip, deflate and br are undone"),
            };
        }

        return plain;
    }

    /// <summary>
    /// Whether what was read ends before its encoding does: the decoders take that for the end. Those of deflate and br ask for more than there is; gzip's
    /// always does, but the size of the (last) file in it is its last word (RFC 1952, 2.3.1).
    /// </summary>
    /// <param name="received">The bytes, read as far as the decoder wanted.</param>
    /// <param name="encodings">As they were undone.</param>
    /// <param name="size">Bytes after decoding.</param>
    public static bool IsCutOff(ReceivedBytes received, IEnumerable<string> encodings, long size) => Layers(encodings) switch
    {
        ["gzip" or "x-gzip"] => received.Tail > size,
        [_] => received.HasEnded,
        _ => false,
    };

    /// <summary>The last one applied comes first.</summary>
    private static List<string> Layers(IEnumerable<string> encodings) =>
        [.. encodings.SelectMany(static e => e.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Select(static e => e.ToLowerInvariant()).Where(static e => e != "identity").Reverse()];

    /// <summary>By the standard <c>deflate</c> is zlib's form; many servers send it bare. The first two bytes of zlib tell (RFC 1950, 2.2).</summary>
    private static async Task<Stream> InflateAsync(Stream encoded, CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(encoded);
        var start = await pipe.ReadAtLeastAsync(2, cancellationToken);
        var bytes = new byte[2];
        var isZlib = false;
        if (start.Buffer.Length >= 2)
        {
            System.Buffers.BuffersExtensions.CopyTo(start.Buffer.Slice(0, 2), bytes);
            isZlib = (bytes[0] & 0x0F) == 8 && ((bytes[0] << 8) | bytes[1]) % 31 == 0;
        }

        pipe.AdvanceTo(start.Buffer.Start);
        return isZlib ? new ZLibStream(pipe.AsStream(), CompressionMode.Decompress) : new DeflateStream(pipe.AsStream(), CompressionMode.Decompress);
    }
}
