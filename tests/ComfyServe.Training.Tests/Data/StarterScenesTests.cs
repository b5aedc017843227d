using ComfyServe.Training.Data;

namespace ComfyServe.Training.Tests.Data;

public sealed class StarterScenesTests
{
    [Fact]
    public void Index_SameSeed_GivesSameCaptionAndPixels()
    {
        for (var i = 0; i < 20; i++)
        {
            var (first, second) = (new StarterScenes(3)[i], new StarterScenes(3)[i]);

            Assert.Equal(first.Caption, second.Caption);
            Assert.Equal(Draw(first), Draw(second));
        }
    }

    [Fact]
    public void Index_OtherSeed_GivesOtherScenes()
    {
        var same = Enumerable.Range(0, 100).Count(i => new StarterScenes(3)[i].Caption == new StarterScenes(4)[i].Caption);

        Assert.True(same < 5, $"{same} of 100 captions are the same");
    }

    [Fact]
    public void Index_ThousandsOfScenes_NeverShowWhatIsHeldOut()
    {
        var scenes = new StarterScenes(1);

        for (var i = 0; i < 20_000; i++)
        {
            var scene = scenes[i];
            switch (scene.Shapes)
            {
                case [var only]:
                    Assert.False(HeldOut.Combination(only.Shape, only.Color, scene.Background!), scene.Caption);
                    break;
                case [var first, var second]:
                    Assert.False(HeldOut.Pair(first.Shape, first.Color, second.Shape, second.Color), scene.Caption);
                    break;
            }
        }
    }

    [Fact]
    public void Index_ThousandsOfScenes_UseEveryShapeColorAndBackground()
    {
        var scenes = Enumerable.Range(0, 5000).Select(i => new StarterScenes(1)[i]).ToList();

        Assert.Equal(8, scenes.SelectMany(s => s.Shapes).Select(s => s.Shape).Distinct().Count());
        Assert.Equal(12, scenes.SelectMany(s => s.Shapes).Select(s => s.Color).Distinct().Count());
        Assert.Equal(12, scenes.Select(s => s.Background).OfType<NamedColor>().Distinct().Count());
        Assert.Contains(scenes, s => s.Caption.Contains("house", StringComparison.Ordinal));
        Assert.Contains(scenes, s => s.Caption.Contains("hills", StringComparison.Ordinal));
        Assert.Contains(scenes, s => s.Caption.Contains("striped", StringComparison.Ordinal));
    }

    [Fact]
    public void Draw_Window_IsPartOfTheWholePicture()
    {
        var scene = new StarterScenes(1)[11];
        var whole = Draw(scene);
        var window = new float[3 * 16 * 16];

        SceneRenderer.Draw(scene, window, 64, left: 20, top: 30, window: 16);

        Assert.Equal(whole[((30 + 5) * 64) + 20 + 7], window[(5 * 16) + 7]);
    }

    private static float[] Draw(Scene scene)
    {
        var planes = new float[3 * 64 * 64];
        SceneRenderer.Draw(scene, planes, 64);
        return planes;
    }
}
