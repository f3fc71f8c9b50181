/* SPDX-License-Identifier: MIT */
/*
 * The networks of the npm package @vladmandic/face-api 1.7.15 as graphs. Each takes
 * the weights of its own manifest and borrows them until the graph is freed.
 * Reference: the package's src/, the folder named at each function.
 */
#ifndef INFER_FACEAPI_H
#define INFER_FACEAPI_H

#include "base/err.h"
#include "infer/graph.h"
#include "infer/weights.h"

enum {
	SSD_SIZE = 512,      /* input side of ssd_mobilenetv1 */
	SSD_ANCHORS = 5118,  /* boxes before suppression */
	LANDMARK_SIZE = 112, /* input side of face_landmark_68 */
	LANDMARK_POINTS = 68,
	EMBED_SIZE = 150, /* input side of face_recognition */
	EMBED_DIM = 128,
};

/*
 * ssdMobilenetv1/: input (512,512,3) RGB scaled to -1..1. Outputs per feature map
 * k = 0..5: 2k boxes (h,w,4*anchors), 2k+1 classes (h,w,3*anchors; logits, 1 = face).
 */
enum err faceapi_ssd(struct graph **out, const struct weights *w, struct error *why) MUST_USE;

/*
 * The same for an input of height x width (multiples of 32, up to 4096): feature maps of
 * 1/16, 1/32, ... of it, rounded up. For 512 x 512 it is faceapi_ssd.
 */
enum err faceapi_ssd_sized(struct graph **out, const struct weights *w, size_t height, size_t width,
	struct error *why) MUST_USE;

/*
 * tinyFaceDetector/: input (size,size,3), (RGB - (117.001, 114.697, 97.404)) / 255, size a
 * multiple of 32. Output (size/32, size/32, 25): five anchors of x, y, w, h, score logit.
 */
enum err faceapi_tiny(
	struct graph **out, const struct weights *w, size_t size, struct error *why) MUST_USE;

/* The same for an input of height x width, multiples of 32. */
enum err faceapi_tiny_sized(struct graph **out, const struct weights *w, size_t height,
	size_t width, struct error *why) MUST_USE;

/*
 * faceLandmarkNet/: input (112,112,3), (RGB - (122.782, 117.001, 104.298)) / 255.
 * Output 136: x, y of 68 points, 0..1 of the padded square.
 */
enum err faceapi_landmarks(struct graph **out, const struct weights *w, struct error *why) MUST_USE;

/*
 * faceRecognitionNet/: input (150,150,3), normalised as for landmarks. Output 128
 * (not of unit length).
 */
enum err faceapi_embed(struct graph **out, const struct weights *w, struct error *why) MUST_USE;

#endif
