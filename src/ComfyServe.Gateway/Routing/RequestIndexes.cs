using System.Buffers.Binary;

namespace ComfyServe.Gateway.Routing;

/// <summary>
/// Gives requests their indexes. Each start of a gateway has its own range of 2^36, so that indexes never repeat, not even
/// across restarts and gateways, and the owner of an index can be told from it. All stay below 2^53, where JSON numbers are exact.
/// Within the range they come in an order that only the key's owner knows: whoever has seen some indexes cannot name others.
/// </summary>
/// <remarks>
/// The order is a permutation of the range: a Feistel network of eight rounds (Luby and Rackoff, 1988) with SipHash-2-4 (Aumasson and
/// Bernstein, 2012) as its round function. Docs: ADR 0025.
/// </remarks>
internal sealed class RequestIndexes
{
    private const int Bits = 36;
    private const int HalfBits = Bits / 2;
    private const uint HalfMask = (1u << HalfBits) - 1;
    private const int Rounds = 8;
    private readonly ulong _key0;
    private readonly ulong _key1;
    private long _given;

    /// <summary>The indexes of one start.</summary>
    /// <param name="start">Number of this start among all starts of all gateways that share a store, from 0.</param>
    /// <param name="key">16 secret bytes.</param>
    public RequestIndexes(long start, ReadOnlySpan<byte> key)
    {
        _ = checked((start << Bits) >> Bits == start ? start : throw new OverflowException($"start {start} has no range left"));
        (Start, _key0, _key1) = (start, BinaryPrimitives.ReadUInt64LittleEndian(key), BinaryPrimitives.ReadUInt64LittleEndian(key[8..]));
    }

    /// <summary>Number of this start.</summary>
    public long Start { get; }

    /// <summary>The next index; never 0, which stands for a new request.</summary>
    public long Next()
    {
        while (true)
        {
            var count = Interlocked.Increment(ref _given);
            if (count >> Bits != 0)
            {
                throw new OverflowException("this start has given all its indexes");
            }

            if (((Start << Bits) | Permute(count)) is > 0 and var index)
            {
                return index;
            }
        }
    }

    /// <summary>Whether an index was given here, or is one of another start's.</summary>
    public bool MayExist(long requestIdx) => StartOf(requestIdx) != Start || Recover(requestIdx & ((1L << Bits) - 1)) is var count && count > 0 && count <= Volatile.Read(ref _given);

    /// <summary>The start that an index belongs to.</summary>
    public static long StartOf(long requestIdx) => requestIdx >> Bits;

    /// <summary>Whether an index can be one of ours at all.</summary>
    public static bool IsPossible(long requestIdx) => requestIdx is >= 0 and < 1L << 53;

    private long Permute(long value)
    {
        var (left, right) = ((uint)(value >> HalfBits), (uint)value & HalfMask);
        for (var round = 0; round < Rounds; round++)
        {
            (left, right) = (right, left ^ Mix(round, right));
        }

        return ((long)left << HalfBits) | right;
    }

    private long Recover(long value)
    {
        var (left, right) = ((uint)(value >> HalfBits), (uint)value & HalfMask);
        for (var round = Rounds - 1; round >= 0; round--)
        {
            (left, right) = (right ^ Mix(round, left), left);
        }

        return ((long)left << HalfBits) | right;
    }

    private uint Mix(int round, uint half) => (uint)SipHash.Of((ulong)round << HalfBits | half, _key0, _key1) & HalfMask;
}
