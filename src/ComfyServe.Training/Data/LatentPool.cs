namespace ComfyServe.Training.Data;

/// <summary>Encoded pictures with their captions, kept in memory: encoding costs as much as training on a picture, so each is used several times.</summary>
/// <param name="capacity">How many it holds; then the oldest are replaced.</param>
/// <param name="latentSize">Values of one latent.</param>
internal sealed class LatentPool(int capacity, int latentSize)
{
    private readonly float[] _latents = new float[(long)capacity * latentSize];
    private readonly short[][] _words = new short[capacity][];
    private long _added;

    /// <summary>How many it holds now.</summary>
    public int Count => (int)Math.Min(_added, capacity);

    /// <summary>Adds one.</summary>
    public void Add(ReadOnlySpan<float> latent, short[] words)
    {
        var at = (int)(_added % capacity);
        latent.CopyTo(_latents.AsSpan(at * latentSize, latentSize));
        _words[at] = words;
        _added++;
    }

    /// <summary>Copies a latent out and returns its caption's words.</summary>
    public short[] Read(int index, Span<float> latent)
    {
        _latents.AsSpan(index * latentSize, latentSize).CopyTo(latent);
        return _words[index];
    }
}
