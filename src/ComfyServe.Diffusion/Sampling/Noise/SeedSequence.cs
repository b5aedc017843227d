namespace ComfyServe.Diffusion.Sampling.Noise;

/// <summary>NumPy's way to get many independent seeds from one: hash all words into a pool, then hash the pool out.</summary>
/// <remarks>O'Neill 2015, "Developing a seed_seq alternative"; constants and word order as in <c>numpy.random.SeedSequence</c>.</remarks>
internal sealed class SeedSequence
{
    private const uint InitialA = 0x43b0d7e5;
    private const uint MultiplierA = 0x931e8875;
    private const uint InitialB = 0x8b51f9dd;
    private const uint MultiplierB = 0x58f38ded;
    private const uint MixLeft = 0xca01f9dd;
    private const uint MixRight = 0x4973f715;
    private const int Shift = 16;
    private readonly uint[] _pool;
    private uint _constant = InitialA;

    /// <summary>Fills the pool.</summary>
    /// <param name="entropy">The seed.</param>
    /// <param name="spawnKey">Tells apart what is derived from the same seed; may be empty.</param>
    /// <param name="poolSize">Words in the pool.</param>
    public SeedSequence(ulong entropy, ReadOnlySpan<ulong> spawnKey, int poolSize)
    {
        var words = new List<uint>(Words(entropy));
        while (spawnKey.Length > 0 && words.Count < poolSize)
        {
            words.Add(0);
        }

        foreach (var part in spawnKey)
        {
            words.AddRange(Words(part));
        }

        _pool = new uint[poolSize];
        for (var i = 0; i < poolSize; i++)
        {
            _pool[i] = Hash(i < words.Count ? words[i] : 0);
        }

        for (var source = 0; source < poolSize; source++)
        {
            for (var target = 0; target < poolSize; target++)
            {
                if (source != target)
                {
                    _pool[target] = Mix(_pool[target], Hash(_pool[source]));
                }
            }
        }

        for (var source = poolSize; source < words.Count; source++)
        {
            for (var target = 0; target < poolSize; target++)
            {
                _pool[target] = Mix(_pool[target], Hash(words[source]));
            }
        }
    }

    /// <summary>The first words of the output; the same on each call.</summary>
    public uint[] Generate(int count)
    {
        var constant = InitialB;
        var state = new uint[count];
        for (var i = 0; i < count; i++)
        {
            var value = _pool[i % _pool.Length] ^ constant;
            constant *= MultiplierB;
            value *= constant;
            state[i] = value ^ (value >> Shift);
        }

        return state;
    }

    private static uint[] Words(ulong value) =>
        value <= uint.MaxValue ? [(uint)value] : [(uint)value, (uint)(value >> 32)];

    private uint Hash(uint value)
    {
        value ^= _constant;
        _constant *= MultiplierA;
        value *= _constant;
        return value ^ (value >> Shift);
    }

    private static uint Mix(uint left, uint right)
    {
        var value = (MixLeft * left) - (MixRight * right);
        return value ^ (value >> Shift);
    }
}
