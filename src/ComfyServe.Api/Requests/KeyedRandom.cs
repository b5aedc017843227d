using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ComfyServe.Api.Requests;

/// <summary>Numbers and ids that follow from a request's key: the same after a restart, and unlike those of any other request.</summary>
internal sealed class KeyedRandom(Guid key, string purpose = "number") : Random
{
    private int _drawn;

    /// <inheritdoc/>
    public override long NextInt64(long minValue, long maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(minValue, maxValue);
        var bits = BinaryPrimitives.ReadUInt64LittleEndian(Hash(key, purpose, _drawn++));
        return minValue + (long)(((UInt128)bits * (ulong)(maxValue - minValue)) >> 64);
    }

    /// <summary>The prompt id of a request's run.</summary>
    /// <param name="key">The request's key.</param>
    /// <param name="attempt">Number of the run, from 1.</param>
    public static string PromptId(Guid key, int attempt) => new Guid(Hash(key, "prompt", attempt).AsSpan(0, 16)).ToString();

    /// <summary>Twelve digits that tell a request from others of the same id.</summary>
    public static string Tag(Guid key, string purpose) => Convert.ToHexStringLower(Hash(key, purpose, 0).AsSpan(0, 6));

    private static byte[] Hash(Guid key, string purpose, int index) => SHA256.HashData(Encoding.ASCII.GetBytes($"{key}/{purpose}/{index}"));
}
