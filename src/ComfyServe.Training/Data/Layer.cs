namespace ComfyServe.Training.Data;

/// <summary>One thing in a scene; later layers cover earlier ones.</summary>
/// <param name="Distance">Distance of a point (0 to 1, y down) from the layer's outline, negative inside, as a share of the picture.</param>
/// <param name="Fill">What is inside.</param>
public sealed record Layer(Func<float, float, float> Distance, Fill Fill);
