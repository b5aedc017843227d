namespace ComfyServe.Training.Stages;

/// <summary>What the sample grid shows.</summary>
internal static class ShowPrompts
{
    /// <summary>Two rows of shapes, one of pairs, one of scenes and textures.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "a red circle on a blue background",
        "a yellow star on a black background",
        "a green triangle on a white background",
        "a purple heart on a yellow background",
        "an orange ring on a gray background",
        "a white cross on a red background",
        "a brown square on a cyan background",
        "a pink diamond on a green background",
        "a small black circle on an orange background",
        "a big cyan star on a purple background",
        "a blue square in the top left corner, pink background",
        "a gray triangle on brown",
        "a red circle left of a blue square on a white background",
        "a yellow star above a green triangle on a black background",
        "a purple ring and an orange heart",
        "a white square right of a black cross on a pink background",
        "a cyan diamond below a red star on a gray background",
        "a green circle and a yellow circle on a blue background",
        "sun over green hills",
        "a red house with a brown roof",
        "a tree",
        "night sky with a full moon",
        "a red and white striped circle on a blue background",
        "a blue heart with white dots on a yellow background",
    ];
}
